import { join } from 'node:path';
import type { TrustStore } from '../store.ts';
import { PODMAN } from './podman.ts';

/** CRI-O pulls by the library of podman, so it reads the same folder: crio.conf(5), containers-certs.d(5). */
export const CRIO: TrustStore = {
  writer: 'root',
  signs: { programs: ['crio'], paths: ({ root }) => [join(root, 'etc/crio')] },
  content: (request) => ({
    ...PODMAN.content(request),
    notes: ['CRI-O reads it at the next pull; no restart. podman and skopeo on this machine read it too.'],
  }),
};
