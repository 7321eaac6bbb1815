import type { LedgerRow } from './ledger.ts';

/** One line of JSON in each direction. */
export type ControlRequest =
  | { readonly ask: 'list' }
  /** `user` and `address` as a person typed them; without both, everything. */
  | { readonly ask: 'unlock'; readonly user?: string | undefined; readonly address?: string | undefined };

export interface ControlReply {
  readonly rows?: readonly LedgerRow[];
  readonly unlocked?: number;
}

/** Longer than any request, and than any reply with this many rows. */
export const LONGEST_REQUEST = 4096;
export const LONGEST_REPLY = 4 * 1024 * 1024;
export const MOST_ROWS = 5000;
export const TIMEOUT_MS = 15_000;

/** Each gate has its own socket in the state directory, which several gates may share. */
export const SOCKET_NAME = /^gate-[0-9a-f]{8}\.sock$/;
/** unix(7): 108 bytes with the NUL at the end. */
export const LONGEST_PATH = 107;

/**
 * Reports whether a value is a request. Only the owner can open the socket, but may run another version of the program.
 */
export function isControlRequest(value: unknown): value is ControlRequest {
  if (typeof value !== 'object' || value === null || !('ask' in value)) return false;
  if (value.ask === 'list') return true;
  const texts = ['user' in value ? value.user : undefined, 'address' in value ? value.address : undefined];
  return value.ask === 'unlock' && texts.every((it) => it === undefined || typeof it === 'string');
}

/** Reports whether a value is a reply. */
export function isControlReply(value: unknown): value is ControlReply {
  if (typeof value !== 'object' || value === null) return false;
  if ('unlocked' in value) return typeof value.unlocked === 'number';
  return 'rows' in value && Array.isArray(value.rows) && value.rows.every(isRow);
}

function isRow(value: unknown): value is LedgerRow {
  if (typeof value !== 'object' || value === null) return false;
  const row: Record<string, unknown> = { ...value };
  return (
    ['kind', 'network', 'user'].every((name) => typeof row[name] === 'string') &&
    ['failures', 'blockedMs'].every((name) => typeof row[name] === 'number')
  );
}
