import { join } from 'node:path';
import {
  registryName,
  type ClientMachine,
  type StoreContent,
  type TrustRequest,
  type TrustStore,
} from '../store.ts';

/** `certs.d` of containerd with its hosts.toml: https://github.com/containerd/containerd/blob/main/docs/hosts.md. */
export const CONTAINERD: TrustStore = {
  writer: 'both',
  signs: { programs: ['containerd'], paths: ({ root }) => [join(root, 'etc/containerd')] },
  content: (request) => ({
    files: hostFiles(request),
    notes: [
      `containerd reads it at once if its config.toml has config_path = "${hostsFolder(request.machine)}". If not, set that, and restart containerd once.`,
    ],
  }),
};

/** The CA certificate and the hosts.toml that names it. nerdctl reads the same files. */
export function hostFiles({ endpoint, authority, machine }: TrustRequest): StoreContent['files'] {
  const folder = join(hostsFolder(machine), registryName(endpoint));
  const certificate = join(folder, 'ca.crt');
  return [
    { path: certificate, content: authority },
    { path: join(folder, 'hosts.toml'), content: hostsToml(registryName(endpoint), certificate) },
  ];
}

/** hosts.toml that trusts the CA in a file for a registry. */
export function hostsToml(registry: string, certificate: string): string {
  return `server = "https://${registry}"\nca = ${JSON.stringify(certificate)}\n`;
}

function hostsFolder({ isRoot, root, configHome }: ClientMachine): string {
  return join(isRoot ? join(root, 'etc/containerd') : join(configHome, 'containerd'), 'certs.d');
}
