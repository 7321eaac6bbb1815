import type { AuditEvent } from './event.ts';
import type { Fact, FactKind } from './fact.ts';

/** Something that somebody does, by one request or many, until it has ended. */
export interface Act {
  /** When it was last heard of; what ends at a fixed time does not move it. */
  readonly at: number;
  /** How long it must be silent to have ended, in milliseconds. */
  readonly quietMs: number;
  take(fact: Fact): void;
  /** What it takes in memory, in bytes. */
  readonly bytes: number;
  /** Its lines. None for what came to nothing. */
  finish(): readonly AuditEvent[];
}

/** What is gathered under one key. */
export type ActKind = 'push' | 'pull';

/** Who does what where: requests with the same text belong together. */
export function keyOf(
  kind: ActKind,
  { user, address, repository }: Pick<Fact, 'user' | 'address' | 'repository'>,
): string {
  return `${kind}\n${repository ?? ''}\n${address ?? ''}\n${user ?? ''}`;
}

/** The act that a fact is a part of; undefined for one that stands alone, or is a refusal. */
export const ACT_OF: Readonly<Record<FactKind, ActKind | undefined>> = {
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
  token: undefined,
  reload: undefined,
  expiry: undefined,
};
