import { join } from 'node:path';
import { registryName, type StoreFiles, type TrustRequest } from './store.ts';

/** `certs.d` of containerd with its hosts.toml: https://github.com/containerd/containerd/blob/main/docs/hosts.md. */
export function containerdFiles({ endpoint, authority, machine }: TrustRequest): StoreFiles {
  const base = machine.isRoot ? join(machine.root, 'etc/containerd') : join(machine.configHome, 'containerd');
  const folder = join(base, 'certs.d', registryName(endpoint));
  const certificate = join(folder, 'ca.crt');
  const hosts = `server = "https://${registryName(endpoint)}"\nca = ${JSON.stringify(certificate)}\n`;
  return {
    files: [
      { path: certificate, content: authority },
      { path: join(folder, 'hosts.toml'), content: hosts },
    ],
    notes: [
      `containerd reads it at once if its config.toml has config_path = "${join(base, 'certs.d')}". If not, set that, and restart containerd once.`,
    ],
  };
}
