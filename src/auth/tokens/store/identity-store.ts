import type { Secret } from '../../../lib/secret.ts';
import type { UserDirectory } from '../../directory.ts';
import { identityTokensFile, type IdentityToken, type IdentityTokenState } from './identity-token.ts';
import type { KeyRing } from './key-ring.ts';
import { makeTokenId } from './machine-token.ts';
import { makeSecret, readSecret } from './secret-text.ts';
import { changeState, readState } from './state-file.ts';
import type { UseLog } from './use-log.ts';

/** A device that signs in. */
interface Device {
  readonly user: string;
  /** The version of the user's credential that was verified. */
  readonly version: string;
  /** The `client_id` that the device sends. */
  readonly client: string;
  readonly agent: string;
  readonly address: string;
}

interface SeenIdentityToken extends IdentityToken {
  readonly lastUsed: number;
}

export interface IdentityStoreOptions {
  readonly path: string;
  readonly keys: Pick<KeyRing, 'fingerprint' | 'signer'>;
  readonly uses: Pick<UseLog, 'record' | 'lastUse'>;
  readonly directory: Pick<UserDirectory, 'credentialVersion'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Awaited before a new token is issued: other processes must read it, since the device may send it to them. */
  readonly onStored?: () => Promise<unknown>;
  /** A device that was not seen for this long has to sign in again. */
  readonly idleMs?: number;
  /** The most devices of one user. Beyond that, the one not seen for the longest has to sign in again. */
  readonly mostPerUser?: number;
}

/** The identity tokens, which `docker login` keeps instead of the password. */
export interface IdentityStore {
  /** Issues an identity token; it is stored when the promise resolves. Throws AppError if it can't be stored. */
  issue(device: Device): Promise<Secret<string>>;
  /** Returns the identity token with this secret; undefined if it is unknown, revoked, unused for too long, or older than the user's password. */
  redeem(secret: string): IdentityToken | undefined;
  /** Returns a text that changes with the credential of this device; undefined once its identity token is gone. Access tokens depend on it. */
  credentialOf(id: string, user: string): string | undefined;
  /** Reports whether there is such a token, valid or not. */
  has(id: string): boolean;
  /** Returns the tokens that are valid now. */
  current(): readonly IdentityToken[];
  /** Returns the valid tokens of a user with their last use, or when they were issued, in milliseconds since 1970; the one used last first. */
  ofUser(user: string): readonly SeenIdentityToken[];
  /** Returns the valid tokens that were issued last, the newest first. */
  newest(most: number): readonly IdentityToken[];
  /** Ends the tokens of a user, or those with these ids. Returns how many. Throws AppError if the file can't be written. */
  revoke(user: string, ids?: readonly string[]): Promise<number>;
  /** Reads the file again. Throws AppError STATE_INVALID and keeps the tokens it had. */
  reload(): Promise<void>;
}

const DAY = 86_400_000;
const LONGEST_WORD = 120;

/** Opens the identity tokens for a server. Throws AppError STATE_INVALID. */
export async function openIdentityStore(options: IdentityStoreOptions): Promise<IdentityStore> {
  const { keys, uses, now, mostPerUser = 100, onStored = async () => undefined } = options;
  const file = identityTokensFile(options.path);
  const isCurrent = createCurrentCheck(options);
  let index = createIndex((await readState(file)).state);

  const add = (state: IdentityTokenState, token: IdentityToken): IdentityTokenState => {
    const current = state.tokens.filter(isCurrent);
    const own = current.filter(({ user }) => user === token.user);
    const byUse = own.sort((one, other) => lastSeen(one, uses) - lastSeen(other, uses));
    const tooMany = new Set(byUse.slice(0, Math.max(0, own.length + 1 - mostPerUser)));
    return { version: 1, tokens: [...current.filter((it) => !tooMany.has(it)), token] };
  };

  return {
    issue: async ({ user, version, client, agent, address }) => {
      // The key of the fingerprints is stored together with the first signing key.
      await keys.signer();
      const { secret, hash } = makeSecret('identity');
      const words = { client: clean(client), agent: clean(agent), address };
      const fingerprint = keys.fingerprint(version);
      const created = new Date(now()).toISOString();
      const token = { id: makeTokenId('d'), user, hash, fingerprint, ...words, created };
      index = createIndex(await changeState(file, (state) => add(state, token)));
      await onStored();
      return secret;
    },
    redeem: (text) => {
      const hash = readSecret('identity', text);
      const token = hash === undefined ? undefined : index.byHash.get(hash);
      if (token === undefined || !isCurrent(token)) return undefined;
      uses.record(token.id);
      return token;
    },
    credentialOf: (id, user) => {
      const token = index.byId.get(id);
      return token?.user === user && isCurrent(token) ? `${token.hash} ${token.fingerprint}` : undefined;
    },
    has: (id) => index.byId.has(id),
    ...ofUsers(options, {
      current: () => [...index.byId.values()].filter(isCurrent),
      all: () => [...index.byId.values()],
      change: async (next) => {
        index = createIndex(await changeState(file, next));
        await onStored();
      },
    }),
    reload: async () => {
      index = createIndex((await readState(file)).state);
    },
  };
}

interface Held {
  current(): readonly IdentityToken[];
  all(): readonly IdentityToken[];
  change(next: (state: IdentityTokenState) => IdentityTokenState): Promise<void>;
}

function ofUsers(
  { uses }: Pick<IdentityStoreOptions, 'uses'>,
  { current, all, change }: Held,
): Pick<IdentityStore, 'current' | 'ofUser' | 'newest' | 'revoke'> {
  return {
    current,
    ofUser: (user) =>
      current()
        .filter((token) => token.user === user)
        .map((token) => ({ ...token, lastUsed: lastSeen(token, uses) }))
        .toSorted((one, other) => other.lastUsed - one.lastUsed),
    newest: (most) =>
      current()
        .toSorted((one, other) => Date.parse(other.created) - Date.parse(one.created))
        .slice(0, most),
    revoke: async (user, ids) => {
      const isGone = (token: IdentityToken): boolean =>
        token.user === user && (ids?.includes(token.id) ?? true);
      const count = all().filter(isGone).length;
      if (count > 0)
        await change(({ tokens }) => ({ version: 1, tokens: tokens.filter((token) => !isGone(token)) }));
      return count;
    },
  };
}

/** Returns a function that reports whether a device may sign in: its user's credential has not changed, and it was seen recently. */
export function createCurrentCheck({
  keys,
  uses,
  directory,
  now,
  idleMs = 90 * DAY,
}: Omit<IdentityStoreOptions, 'path' | 'uses' | 'keys'> & {
  readonly keys: Pick<KeyRing, 'fingerprint'>;
  readonly uses: Pick<UseLog, 'lastUse'>;
}): (token: IdentityToken) => boolean {
  return (token) => {
    if (lastSeen(token, uses) + idleMs <= now()) return false;
    const version = directory.credentialVersion(token.user);
    return version !== undefined && keys.fingerprint(version) === token.fingerprint;
  };
}

function lastSeen({ id, created }: IdentityToken, uses: Pick<UseLog, 'lastUse'>): number {
  return uses.lastUse(id) ?? Date.parse(created);
}

function createIndex({ tokens }: IdentityTokenState): {
  readonly byId: ReadonlyMap<string, IdentityToken>;
  readonly byHash: ReadonlyMap<string, IdentityToken>;
} {
  return {
    byId: new Map(tokens.map((token) => [token.id, token])),
    byHash: new Map(tokens.map((token) => [token.hash, token])),
  };
}

/** Text of a client is shown on a terminal later. */
function clean(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_WORD);
}
