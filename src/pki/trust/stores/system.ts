import { join } from 'node:path';
import { registryName, type StoreFiles, type TrustRequest } from './store.ts';

const LAYOUTS = {
  debian: {
    folder: 'usr/local/share/ca-certificates',
    install: ['update-ca-certificates'],
    undo: ['update-ca-certificates', '--fresh'],
  },
  redhat: {
    folder: 'etc/pki/ca-trust/source/anchors',
    install: ['update-ca-trust', 'extract'],
    undo: ['update-ca-trust', 'extract'],
  },
} as const;

/** The trust store of the operating system: update-ca-certificates(8), update-ca-trust(8). */
export function systemFiles({ endpoint, authority, machine }: TrustRequest): StoreFiles {
  const { folder, install, undo } = LAYOUTS[machine.layout];
  const file = `registry-gate-${registryName(endpoint).replaceAll(/[^a-z0-9.-]+/g, '-')}.crt`;
  return {
    files: [{ path: join(machine.root, folder, file), content: authority }],
    refresh: { install, undo },
    notes: [
      'Programs that run already keep their old list: restart Docker with systemctl restart docker (a reload is not enough).',
      'This machine now trusts the CA for every name that it signs, not only for the registry.',
    ],
    undoNotes: ['Restart Docker for it to notice: systemctl restart docker'],
  };
}
