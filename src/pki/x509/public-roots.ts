import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import { isSignedBy } from './certificate-file.ts';

let known: readonly X509Certificate[] | undefined;

/**
 * Finds the root that signed this certificate, among those of Node.js (Mozilla's) and those that this machine trusts;
 * undefined if there is none. The roots are read at the first call.
 */
export function publicRootOf(certificate: X509Certificate): X509Certificate | undefined {
  known ??= readRoots();
  return known.find((root) => isSignedBy(certificate, root));
}

function readRoots(): readonly X509Certificate[] {
  const pems = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return [...pems].flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      // Clients skip a root that they can't parse, too.
      return [];
    }
  });
}
