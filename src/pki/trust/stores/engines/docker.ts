import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isInside, parseNetwork } from '../../../../lib/network.ts';
import type { Endpoint } from '../../../x509/subject-names.ts';
import { registryName, type ClientMachine, type TrustStore } from '../store.ts';

/** `certs.d` of Docker: https://docs.docker.com/engine/security/certificates/. */
export const DOCKER: TrustStore = {
  writer: 'both',
  signs: {
    programs: ['dockerd'],
    paths: ({ root }) => [join(root, 'etc/docker'), join(root, 'var/run/docker.sock')],
  },
  content: ({ endpoint, authority, machine }) => ({
    files: [
      { path: join(dockerFolder(machine), 'certs.d', registryName(endpoint), 'ca.crt'), content: authority },
    ],
    notes: machine.isRoot
      ? ['Docker reads it at the next login, push or pull; no restart.']
      : ['This is for rootless Docker. For the Docker daemon of the machine, run the same with sudo.'],
  }),
};

/** The `insecure-registries` entry of daemon.json that covers a registry, or undefined: Docker verifies nothing there. */
export async function findInsecureEntry(
  machine: ClientMachine,
  endpoint: Endpoint,
): Promise<{ readonly path: string; readonly entry: string } | undefined> {
  const path = join(dockerFolder(machine), 'daemon.json');
  const entry = (await insecureRegistries(path)).find((text) => covers(text, endpoint));
  return entry === undefined ? undefined : { path, entry };
}

function dockerFolder(machine: ClientMachine): string {
  return machine.isRoot ? join(machine.root, 'etc/docker') : join(machine.configHome, 'docker');
}

/** Empty if the file is absent or this user can't read it. */
async function insecureRegistries(path: string): Promise<readonly string[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    const listed: unknown = Object(parsed)['insecure-registries'];
    return Array.isArray(listed) ? listed.filter((entry) => typeof entry === 'string') : [];
  } catch {
    return [];
  }
}

/** An entry is `HOST`, which means port 443 here, `HOST:PORT`, or a block of addresses on every port. */
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
