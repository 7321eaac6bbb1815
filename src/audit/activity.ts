import type { AuditEvent } from './event.ts';
import type { Fact, FactKind } from './fact.ts';

/** Something that a client does by one or more requests. */
export interface Activity {
  /** When the last request of it ended; constant for activities that end after a fixed time. */
  readonly at: number;
  /** How long it must be idle to have ended, in milliseconds. */
  readonly idleMs: number;
  add(fact: Fact): void;
  /** Approximate memory, in bytes. */
  readonly bytes: number;
  /** Returns its lines; none if it has no result. */
  finish(): readonly AuditEvent[];
}

/** The kinds of activity that a key can stand for. */
type ActivityKind = 'push' | 'pull';

/** Requests with the same key belong to the same activity. */
export function keyOf(
  kind: ActivityKind,
  { user, address, repository }: Pick<Fact, 'user' | 'address' | 'repository'>,
): string {
  return `${kind}\n${repository ?? ''}\n${address ?? ''}\n${user ?? ''}`;
}

/** The activity that a fact is part of; undefined for facts that stand alone, and for refusals. */
export const ACTIVITY_OF: Readonly<Record<FactKind, ActivityKind | undefined>> = {
  'manifest-put': 'push',
  'layer-put': 'push',
  'layer-part': 'push',
  'layer-mount': 'push',
  'layer-look': 'push',
  'manifest-get': 'pull',
  'manifest-look': 'pull',
  'layer-get': 'pull',
  delete: undefined,
  denial: undefined,
  login: undefined,
  logout: undefined,
  token: undefined,
  reload: undefined,
  expiry: undefined,
  owner: undefined,
};
