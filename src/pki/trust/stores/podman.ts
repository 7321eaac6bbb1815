import { join } from 'node:path';
import { registryName, type StoreFiles, type TrustRequest } from './store.ts';

/** `certs.d` of podman, buildah and skopeo: containers-certs.d(5). */
export function podmanFiles({ endpoint, authority, machine }: TrustRequest): StoreFiles {
  const base = machine.isRoot
    ? join(machine.root, 'etc/containers')
    : join(machine.home, '.config/containers');
  return {
    files: [{ path: join(base, 'certs.d', registryName(endpoint), 'ca.crt'), content: authority }],
    notes: ['podman, buildah and skopeo read it at once.'],
  };
}
