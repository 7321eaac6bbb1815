import { join } from 'node:path';
import { registryName, type TrustStore } from '../store.ts';

/** `certs.d` of podman, buildah and skopeo: containers-certs.d(5). */
export const PODMAN: TrustStore = {
  writer: 'both',
  signs: { programs: ['podman', 'buildah', 'skopeo'] },
  content: ({ endpoint, authority, machine }) => {
    const base = machine.isRoot
      ? join(machine.root, 'etc/containers')
      : join(machine.home, '.config/containers');
    return {
      files: [{ path: join(base, 'certs.d', registryName(endpoint), 'ca.crt'), content: authority }],
      notes: ['podman, buildah and skopeo read it at once.'],
    };
  },
};
