import { AppError } from '../../lib/errors.ts';
import { TRUST_CLIENTS, type TrustClient } from '../../pki/trust/clients.ts';
import { isInstalled } from '../../pki/trust/installed.ts';
import type { ClientMachine } from '../../pki/trust/stores/store.ts';

/** Programs that read the trust store of another one. */
const ALIASES: Readonly<Record<string, TrustClient>> = {
  skopeo: 'podman',
  buildah: 'podman',
  ctr: 'containerd',
  crane: 'system',
  curl: 'system',
  git: 'system',
  openssl: 'system',
  gnutls: 'system',
};
/**
 * The engines that push and pull by themselves. Docker brings containerd along, which does not read its own folder then;
 * builders and programs are looked at where they are named.
 */
const ENGINES: readonly TrustClient[] = [
  'docker',
  'docker-rootless',
  'docker-desktop',
  'podman',
  'crio',
  'nerdctl',
  'k3s',
  'rke2',
];

/** The names that `--client` takes. */
export const CLIENT_NAMES = [...TRUST_CLIENTS, ...Object.keys(ALIASES)];

/** Reads the names of `--client`. Throws AppError USAGE. */
export function parseClients(names: readonly string[]): readonly TrustClient[] {
  const clients = names.map((name) => {
    const client = TRUST_CLIENTS.find((one) => one === name) ?? ALIASES[name];
    if (client !== undefined) return client;
    throw new AppError('USAGE', {
      message: `${JSON.stringify(name.slice(0, 80))} is not a client that this command knows.`,
      hint: `Choose of ${CLIENT_NAMES.join(', ')}.`,
    });
  });
  return [...new Set(clients)];
}

/** The engines that are installed; the store of the system where there is none. */
export async function installedEngines(machine: ClientMachine): Promise<readonly TrustClient[]> {
  const found = await Promise.all(ENGINES.map((client) => isInstalled(client, machine)));
  const engines = ENGINES.filter((_client, at) => found[at]);
  return engines.length === 0 ? ['system'] : engines;
}

/** The command by which one signs in by the first client that has one. */
export function loginOf([client]: readonly TrustClient[]): string {
  return client === 'podman' || client === 'nerdctl' ? `${client} login` : 'docker login';
}
