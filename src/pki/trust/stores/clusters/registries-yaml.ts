import { join } from 'node:path';
import { registryName, type TrustStore } from '../store.ts';

/**
 * registries.yaml of k3s and RKE2: `configs."HOST:PORT".tls.ca_file`, without a scheme in the key. A port of 443 may be
 * left out: https://docs.k3s.io/installation/private-registry.
 */
export function rancherStore(name: 'k3s' | 'rke2', restart: string): TrustStore {
  return {
    writer: 'root',
    signs: {
      programs: [name],
      paths: ({ root }) => [join(root, 'etc/rancher', name), join(root, 'var/lib/rancher', name)],
    },
    content: ({ endpoint, authority, machine }) => {
      const folder = join(machine.root, 'etc/rancher', name);
      const registry = registryName(endpoint);
      const certificate = join(folder, 'certs.d', registry, 'ca.crt');
      const notes = [`Restart it on this node, which stops no container: ${restart}`];
      return {
        files: [{ path: certificate, content: authority }],
        shared: [
          {
            path: join(folder, 'registries.yaml'),
            part: { kind: 'yaml', at: ['configs', registry, 'tls', 'ca_file'], value: certificate },
          },
        ],
        notes,
        undoNotes: notes,
      };
    },
  };
}
