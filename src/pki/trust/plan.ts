import { STORES, type TrustClient } from './clients.ts';
import type { SharedPart, StoreCommand, StoreContent, TrustRequest } from './stores/store.ts';

interface TrustPlanOptions extends TrustRequest {
  readonly client: TrustClient;
}

/**
 * One step of a plan. `remove` removes a file only if it still has this content. `insert` puts a part into a file that
 * others write to as well, `withdraw` takes it out. `run` without `unless` and `onlyIf` runs if a step before it has
 * changed a file; these are commands whose exit status 0 keeps it from running, or lets it.
 */
export type TrustStep =
  | { readonly action: 'write'; readonly path: string; readonly content: string }
  | { readonly action: 'remove'; readonly path: string; readonly content: string }
  | { readonly action: 'insert'; readonly path: string; readonly part: SharedPart }
  | { readonly action: 'withdraw'; readonly path: string; readonly part: SharedPart }
  | {
      readonly action: 'run';
      readonly command: StoreCommand;
      readonly unless?: StoreCommand;
      readonly onlyIf?: StoreCommand;
    };

/** The steps for one client, what has to be done by hand, and what the user has to know, one sentence each. */
export interface TrustPlan {
  readonly steps: readonly TrustStep[];
  readonly byHand: NonNullable<StoreContent['byHand']>;
  readonly notes: readonly string[];
}

/**
 * Plans how a client comes to trust a CA for a registry. Pure: reads and changes nothing.
 *
 *     planTrust({ client: 'docker', endpoint: parseRegistry('registry.lan:5000'), authority: pem, machine }).steps
 *     // [{ action: 'write', path: '/etc/docker/certs.d/registry.lan:5000/ca.crt', content: pem }]
 */
export function planTrust({ client, ...request }: TrustPlanOptions): TrustPlan {
  const { files, shared = [], programs = [], byHand = [], notes } = STORES[client].content(request);
  return {
    steps: [
      ...files.map((file): TrustStep => ({ action: 'write', ...file })),
      ...shared.map((file): TrustStep => ({ action: 'insert', ...file })),
      ...programs.map(({ install, probe }): TrustStep => ({
        action: 'run',
        command: install,
        ...(probe === undefined ? {} : { unless: probe }),
      })),
    ],
    byHand,
    notes,
  };
}

/** Plans how to take planTrust back. Files that have other content by now are left alone. */
export function planUndo({ client, ...request }: TrustPlanOptions): TrustPlan {
  const { files, shared = [], programs = [], undoNotes = [] } = STORES[client].content(request);
  const commands = programs.toReversed().map(({ undo, probe }): TrustStep & { readonly action: 'run' } => ({
    action: 'run',
    command: undo,
    ...(probe === undefined ? {} : { onlyIf: probe }),
  }));
  return {
    steps: [
      // A program that is told a path may need the file for it.
      ...commands.filter(({ onlyIf }) => onlyIf !== undefined),
      ...shared.toReversed().map((file): TrustStep => ({ action: 'withdraw', ...file })),
      ...files.toReversed().map((file): TrustStep => ({ action: 'remove', ...file })),
      ...commands.filter(({ onlyIf }) => onlyIf === undefined),
    ],
    byHand: [],
    notes: undoNotes,
  };
}
