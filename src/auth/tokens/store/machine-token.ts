import { randomBytes } from 'node:crypto';
import { isAction } from '../../../oci/request/parse.ts';
import type { ScopeEntry, TokenScope } from '../../principal.ts';
import { changeState, isListOf, isMoment, isRecord, isText, readState } from './state-file.ts';
import type { StateFile } from './state-file.ts';

/** A machine token as it is stored. */
export interface MachineToken {
  readonly id: string;
  /** The user name that the machine signs in with. */
  readonly name: string;
  readonly hash: string;
  /** All that it may do; null for the rights that the access rules give `token:NAME`. */
  readonly scope: TokenScope | null;
  /** Networks (CIDR) and addresses from which it may be used; from all if the list is empty. */
  readonly networks: readonly string[];
  /** The user who made it; absent for one that `tokens create` made. It ends with this user, and may never do more. */
  readonly maker?: string | undefined;
  /**
   * Keyed fingerprint of the maker's credential, as a running gate saw it last. If it differs when a gate starts, the name
   * may be that of another user by now, and the token ends.
   */
  readonly makerFingerprint?: string | undefined;
  readonly created: string;
  /** Null for a token that does not end. */
  readonly expires: string | null;
}

/** The content of `tokens.json`. */
export interface MachineTokenState {
  readonly version: 1;
  readonly tokens: readonly MachineToken[];
}

/** The most tokens of one name that may be alive at a time: the old one and its replacement. */
export const MOST_ALIVE = 2;

const KEPT_AFTER_END_MS = 30 * 86_400_000;

/** The file of the machine tokens. */
export function machineTokensFile(path: string): StateFile<MachineTokenState> {
  return { path, empty: { version: 1, tokens: [] }, isState };
}

/** Reports whether a token has not ended at this time (milliseconds since 1970). */
export function isAlive({ expires }: MachineToken, now: number): boolean {
  return expires === null || Date.parse(expires) > now;
}

/** Returns the state with one more token, and without those that ended a month ago. */
export function withToken(state: MachineTokenState, token: MachineToken, now: number): MachineTokenState {
  const kept = state.tokens.filter((it) => isAlive(it, now - KEPT_AFTER_END_MS));
  return { ...state, tokens: [...kept, token] };
}

/** Removes the tokens that a user made from a file; one that has none is not written. Returns how many. Throws AppError. */
export async function dropTokensOfMaker(path: string, maker: string): Promise<number> {
  const file = machineTokensFile(path);
  const isOfMaker = (token: MachineToken): boolean => token.maker === maker;
  const count = (await readState(file)).state.tokens.filter(isOfMaker).length;
  if (count > 0)
    await changeState(file, (before) => ({
      ...before,
      tokens: before.tokens.filter((it) => !isOfMaker(it)),
    }));
  return count;
}

/** Returns the tokens of this name that are alive. */
export function aliveTokens(
  { tokens }: MachineTokenState,
  name: string,
  now: number,
): readonly MachineToken[] {
  return tokens.filter((token) => token.name === name && isAlive(token, now));
}

/** Makes the id of a token, which is no secret: `m-1f0c9a2b4d`, `d-...` for an identity token, `s-...` for a session. */
export function makeTokenId(letter: 'm' | 'd' | 's'): string {
  return `${letter}-${randomBytes(5).toString('hex')}`;
}

function isState(value: unknown): value is MachineTokenState {
  return isRecord(value) && value['version'] === 1 && isListOf(isMachineToken, value['tokens']);
}

function isMachineToken(value: unknown): value is MachineToken {
  if (!isRecord(value)) return false;
  const { id, name, hash, scope, networks, maker, makerFingerprint, created, expires } = value;
  return (
    [id, name, hash].every(isText) &&
    (scope === null || isListOf(isScopeEntry, scope)) &&
    isListOf(isText, networks) &&
    isMaker({ maker, makerFingerprint }, scope) &&
    isMoment(created) &&
    (expires === null || isMoment(expires))
  );
}

/** Without a scope, the token of a user would have the rights that the access rules give its name. */
function isMaker(
  { maker, makerFingerprint = '' }: Readonly<Record<string, unknown>>,
  scope: unknown,
): boolean {
  return isText(makerFingerprint) && (maker === undefined || (isText(maker) && scope !== null));
}

function isScopeEntry(value: unknown): value is ScopeEntry {
  return isRecord(value) && isListOf(isText, value['repositories']) && isListOf(isAction, value['allow']);
}
