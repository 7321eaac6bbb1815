import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** Whether a certificate is good for a host as it stands in a Host header: `registry.lan:5000`, `[::1]`. */
export function namesHost(leaf: X509Certificate, host: string): boolean {
  const name = host.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, '');
  return (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) !== undefined;
}
