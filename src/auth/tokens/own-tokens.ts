import type { Secret } from '../../lib/secret.ts';
import { findPatternProblem } from '../policy/pattern.ts';
import type { UserDirectory } from '../directory.ts';
import type { ScopeEntry } from '../principal.ts';
import { findNameProblem } from '../users/user-rules.ts';
import {
  MOST_ALIVE,
  aliveTokens,
  isAlive,
  machineTokensFile,
  makeTokenId,
  withToken,
} from './store/machine-token.ts';
import type { MachineToken, MachineTokenState } from './store/machine-token.ts';
import { makeSecret } from './store/secret-text.ts';
import { changeState } from './store/state-file.ts';
import type { KeyRing } from './store/key-ring.ts';
import type { TokenStore } from './store/token-store.ts';
import { createTokenMakers } from './token-makers.ts';
import type { UseLog } from './store/use-log.ts';

/** What a user wants a token for. */
interface TokenWish extends ScopeEntry {
  /** The end of the token's name: `ci` makes `alice-ci`. */
  readonly purpose: string;
  readonly days: number;
}

/** A token that a user made, and its last use, in milliseconds since 1970. */
export interface OwnToken extends MachineToken {
  readonly lastUsed: number | undefined;
}

/**
 * Why no token was made. `name`: no user name comes of the purpose; `taken`: a user or the token of somebody else has it;
 * `two`: there are two of this name; `many`: the user has too many; `pattern`: a pattern is none, or none includes
 * anything; `actions`: nothing is allowed; `days`: not between 1 and 365.
 */
export type WishProblem = 'name' | 'taken' | 'two' | 'many' | 'pattern' | 'actions' | 'days';

type Made =
  | { readonly kind: 'made'; readonly token: MachineToken; readonly secret: Secret<string> }
  | { readonly kind: 'refused'; readonly problem: WishProblem };

interface OwnTokensOptions {
  readonly path: string;
  readonly store: TokenStore;
  readonly uses: Pick<UseLog, 'lastUse'>;
  readonly directory: Pick<UserDirectory, 'credentialVersion'>;
  readonly keys: Pick<KeyRing, 'fingerprint' | 'signer'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Awaited after the file was changed: other processes must read it. */
  readonly onStored?: () => Promise<unknown>;
}

/** The machine tokens that users make for themselves, and all of them for their owner. The functions that change some reject with an AppError if the file can't be written. */
export interface OwnTokens {
  /** Returns the tokens that this user made and that are alive. */
  ofUser(user: string): readonly OwnToken[];
  /** Returns the tokens of everybody, and those that commands made, also such as have ended. */
  all(): readonly OwnToken[];
  /** Ends a token, whoever made it. Returns false if there is none with this id. */
  end(id: string): Promise<boolean>;
  /** Makes a token whose maker is this user. Whether the user may give these rights is decided before, by `findUngrantable`. */
  make(user: string, wish: TokenWish): Promise<Made>;
  /** Ends the tokens of this user, or those with these ids. Returns how many. */
  revoke(user: string, ids?: readonly string[]): Promise<number>;
  /**
   * Ends the tokens whose makers are gone, so that they do not come back with other users of the same names, and notes the
   * new credentials of the other makers. Called after each change of the users.
   */
  revokeOrphans(): Promise<number>;
  /**
   * Ends the tokens whose makers are gone or have another credential than the gate saw last: while none was running, the
   * user may have been removed, and another one of the name added. Called at the start.
   */
  revokeStrangers(): Promise<number>;
}

const DAY = 86_400_000;
/** A token of a person must end: nobody else looks after it. */
const LONGEST_DAYS = 365;
const MOST_PER_USER = 20;
const MOST_PATTERNS = 20;

/** Creates the tokens of users over the file of machine tokens. */
export function createOwnTokens(options: OwnTokensOptions): OwnTokens {
  const { store, uses, keys, now } = options;
  const makers = createTokenMakers(options);
  const { change, drop } = createChanges(options);

  const all = (): readonly OwnToken[] =>
    store.current().all.map((token) => ({ ...token, lastUsed: uses.lastUse(token.id) }));

  return {
    ofUser: (user) => all().filter((token) => token.maker === user && isAlive(token, now())),
    all,
    end: async (wanted) => (await drop(({ id }) => id === wanted)) > 0,
    make: async (user, wish) => {
      const name = `${user}-${wish.purpose}`;
      const problem =
        findWishProblem(name, wish) ?? (makers.fingerprintOf(name) !== undefined ? 'taken' : undefined);
      if (problem !== undefined) return { kind: 'refused', problem };
      const { secret, hash } = makeSecret('machine');
      // The key of the fingerprints is stored together with the first signing key.
      await keys.signer();
      const makerFingerprint = makers.fingerprintOf(user);
      const token = tokenOf({ user, makerFingerprint, name, hash, now: now() }, wish);
      let found: WishProblem | undefined;
      await change((before) => {
        found = findCrowd(before, token, now());
        return found === undefined ? withToken(before, token, now()) : before;
      });
      return found === undefined ? { kind: 'made', token, secret } : { kind: 'refused', problem: found };
    },
    revoke: (user, ids) => drop(({ id, maker }) => maker === user && (ids?.includes(id) ?? true)),
    revokeOrphans: async () => {
      // Decided now: until the file is changed, another user of the name may be there.
      const gone = new Set(
        store
          .current()
          .all.filter(makers.isGone)
          .map(({ id }) => id),
      );
      const count = await drop((token) => gone.has(token.id) || makers.isGone(token));
      if (store.current().all.some((token) => makers.renewed(token) !== token))
        await change((before) => ({ ...before, tokens: before.tokens.map(makers.renewed) }));
      return count;
    },
    revokeStrangers: () => drop(makers.isStranger),
  };
}

/** How the file is changed. */
interface Changes {
  change(next: (before: MachineTokenState) => MachineTokenState): Promise<void>;
  /** Ends tokens. Returns how many. */
  drop(isGone: (token: MachineToken) => boolean): Promise<number>;
}

function createChanges({ path, store, onStored = async () => undefined }: OwnTokensOptions): Changes {
  const file = machineTokensFile(path);

  const change: Changes['change'] = async (next) => {
    await changeState(file, next);
    await store.reload();
    await onStored();
  };
  const drop: Changes['drop'] = async (isGone) => {
    if (!store.current().all.some(isGone)) return 0;
    let count = 0;
    await change((before) => {
      const tokens = before.tokens.filter((token) => !isGone(token));
      count = before.tokens.length - tokens.length;
      return count === 0 ? before : { ...before, tokens };
    });
    return count;
  };
  return { change, drop };
}

interface Making {
  readonly user: string;
  readonly makerFingerprint: string | undefined;
  readonly name: string;
  readonly hash: string;
  readonly now: number;
}

function tokenOf(
  { user, makerFingerprint, name, hash, now }: Making,
  { repositories, allow, days }: TokenWish,
): MachineToken {
  return {
    id: makeTokenId('m'),
    name,
    hash,
    scope: [{ repositories, allow }],
    networks: [],
    maker: user,
    makerFingerprint,
    created: new Date(now).toISOString(),
    expires: new Date(now + days * DAY).toISOString(),
  };
}

function findWishProblem(
  name: string,
  { purpose, repositories, allow, days }: TokenWish,
): WishProblem | undefined {
  if (!/^[\w.-]{1,64}$/.test(purpose) || findNameProblem(name) !== undefined) return 'name';
  if (!isScope(repositories)) return 'pattern';
  if (allow.length === 0) return 'actions';
  return Number.isInteger(days) && days >= 1 && days <= LONGEST_DAYS ? undefined : 'days';
}

/** A token is no user, so `${user}` would stand for nothing. */
function isScope(patterns: readonly string[]): boolean {
  return (
    patterns.length <= MOST_PATTERNS &&
    patterns.some((pattern) => !pattern.startsWith('!')) &&
    patterns.every((pattern) => findPatternProblem(pattern) === undefined && !pattern.includes('$'))
  );
}

function findCrowd(
  state: MachineTokenState,
  { name, maker }: MachineToken,
  now: number,
): WishProblem | undefined {
  const named = aliveTokens(state, name, now);
  if (named.some((token) => token.maker !== maker)) return 'taken';
  if (named.length >= MOST_ALIVE) return 'two';
  const own = state.tokens.filter((token) => token.maker === maker && isAlive(token, now));
  return own.length >= MOST_PER_USER ? 'many' : undefined;
}
