import type { X509Certificate } from 'node:crypto';
import { namesOf } from '../x509/certificate-file.ts';
import type { Endpoint } from '../x509/subject-names.ts';
import type { TrustClient } from './clients.ts';
import { findInsecureEntry } from './stores/engines/docker.ts';
import type { ClientMachine } from './stores/store.ts';

/** A warning if the certificate does not have this name: clients then refuse it although they trust its CA. */
export function nameWarning(certificate: X509Certificate, endpoint: Endpoint): string | undefined {
  const { kind, value } = endpoint.name;
  const found =
    kind === 'ip' ? certificate.checkIP(value) : certificate.checkHost(value, { subject: 'never' });
  if (found !== undefined) return undefined;
  const names = namesOf(certificate).map((name) => name.value);
  const list = names.length === 0 ? 'no host at all' : names.join(', ');
  return `The server's certificate names ${list}, and not ${value}: clients refuse it for that name. On the server: registry-gate certs renew --host ${value}`;
}

/** A warning where Docker skips verification for this registry, since its daemon.json calls it insecure. */
export async function insecureWarning(
  client: TrustClient,
  machine: ClientMachine,
  endpoint: Endpoint,
): Promise<string | undefined> {
  if (client !== 'docker' && client !== 'system') return undefined;
  const found = await findInsecureEntry(machine, endpoint);
  if (found === undefined) return undefined;
  return `${found.path} has "${found.entry}" in its insecure-registries: Docker does not verify that registry, whatever it trusts. Remove the entry, then restart Docker.`;
}
