import { containerdFiles } from './stores/containerd.ts';
import { dockerFiles } from './stores/docker.ts';
import { podmanFiles } from './stores/podman.ts';
import type { StoreFiles, TrustRequest } from './stores/store.ts';
import { systemFiles } from './stores/system.ts';

/** The clients that have a trust store of their own, and the store of the operating system. */
export const TRUST_CLIENTS = ['docker', 'podman', 'containerd', 'system'] as const;
export type TrustClient = (typeof TRUST_CLIENTS)[number];

interface TrustPlanOptions extends TrustRequest {
  readonly client: TrustClient;
}

/** One step of a plan. `remove` removes a file only if it still has this content. */
export type TrustStep =
  | { readonly action: 'write'; readonly path: string; readonly content: string }
  | { readonly action: 'remove'; readonly path: string; readonly content: string }
  | { readonly action: 'run'; readonly command: readonly [string, ...string[]] };

/** The steps for one client, and what the user has to know or to do afterwards, one sentence each. */
export interface TrustPlan {
  readonly steps: readonly TrustStep[];
  readonly notes: readonly string[];
}

const STORES: Readonly<Record<TrustClient, (request: TrustRequest) => StoreFiles>> = {
  docker: dockerFiles,
  podman: podmanFiles,
  containerd: containerdFiles,
  system: systemFiles,
};

/**
 * Plans how a client comes to trust a CA for a registry. Pure: reads and changes nothing.
 *
 *     planTrust({ client: 'docker', endpoint: parseRegistry('registry.lan:5000'), authority: pem, machine }).steps
 *     // [{ action: 'write', path: '/etc/docker/certs.d/registry.lan:5000/ca.crt', content: pem }]
 */
export function planTrust({ client, ...request }: TrustPlanOptions): TrustPlan {
  const { files, refresh, notes } = STORES[client](request);
  const writes = files.map((file): TrustStep => ({ action: 'write', ...file }));
  return {
    steps: refresh === undefined ? writes : [...writes, { action: 'run', command: refresh.install }],
    notes,
  };
}

/** Plans how to take planTrust back. Files that have other content by now are left alone. */
export function planUndo({ client, ...request }: TrustPlanOptions): TrustPlan {
  const { files, refresh, undoNotes = [] } = STORES[client](request);
  const removals = files.toReversed().map((file): TrustStep => ({ action: 'remove', ...file }));
  return {
    steps: refresh === undefined ? removals : [...removals, { action: 'run', command: refresh.undo }],
    notes: undoNotes,
  };
}
