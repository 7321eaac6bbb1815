import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isInside, parseNetwork } from '../../lib/network.ts';
import { namesOf } from '../x509/certificate-file.ts';
import type { Endpoint } from '../x509/subject-names.ts';
import type { TrustClient, ClientMachine } from './plan.ts';
import { registryName } from './plan.ts';

/** Trust in the CA does not help where the certificate is for other names; undefined where it is for this one. */
export function nameWarning(certificate: X509Certificate, endpoint: Endpoint): string | undefined {
  const { kind, value } = endpoint.name;
  const found =
    kind === 'ip' ? certificate.checkIP(value) : certificate.checkHost(value, { subject: 'never' });
  if (found !== undefined) return undefined;
  const names = namesOf(certificate).map((name) => name.value);
  const list = names.length === 0 ? 'no host at all' : names.join(', ');
  return `The server's certificate names ${list}, and not ${value}: clients refuse it under that name. On the server: registry-gate certs renew --host ${value}`;
}

/**
 * Docker does not verify a registry that its daemon.json calls insecure, whatever it trusts; undefined where it is not
 * among them, and for other clients.
 */
export async function insecureWarning(
  client: TrustClient,
  machine: ClientMachine,
  endpoint: Endpoint,
): Promise<string | undefined> {
  if (client !== 'docker' && client !== 'system') return undefined;
  const base = machine.isRoot ? join(machine.root, 'etc/docker') : join(machine.configHome, 'docker');
  const path = join(base, 'daemon.json');
  const entry = (await insecureRegistries(path)).find((text) => covers(text, endpoint));
  if (entry === undefined) return undefined;
  return `${path} has "${entry}" among its insecure-registries: Docker verifies nothing there, and trust changes nothing. Take it out, then restart Docker.`;
}

async function insecureRegistries(path: string): Promise<readonly string[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    const listed: unknown = Object(parsed)['insecure-registries'];
    return Array.isArray(listed) ? listed.filter((entry) => typeof entry === 'string') : [];
  } catch {
    // Absent, or not ours to read or to judge.
    return [];
  }
}

/** Entries are `HOST`, which stands for port 443 here, `HOST:PORT`, or a block of addresses for every port. */
function covers(entry: string, endpoint: Endpoint): boolean {
  const block = /^[\da-fA-F.:]+\/\d+$/.test(entry) ? parseNetwork(entry) : undefined;
  if (block?.ok === true)
    return endpoint.name.kind === 'ip' && isInside(endpoint.name.value, [block.network]);
  return (
    entry
      .replace(/^https?:\/\//, '')
      .replace(/:443$/, '')
      .toLowerCase() === registryName(endpoint)
  );
}
