import type { TrustStore } from '../store.ts';
import { hostFiles } from './containerd.ts';

/** nerdctl reads `certs.d` of containerd by itself: https://github.com/containerd/nerdctl/blob/main/docs/registry.md. */
export const NERDCTL: TrustStore = {
  writer: 'both',
  signs: { programs: ['nerdctl'] },
  content: (request) => ({
    files: hostFiles(request),
    notes: ['nerdctl reads it at once, whatever config.toml of containerd says.'],
  }),
};
