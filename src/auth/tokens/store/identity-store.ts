import type { Secret } from '../../../lib/secret.ts';
import type { UserDirectory } from '../../directory.ts';
import { identityTokensFile } from './identity-token.ts';
import type { IdentityToken, IdentityTokenState } from './identity-token.ts';
import type { KeyRing } from './key-ring.ts';
import { makeTokenId } from './machine-token.ts';
import { makeSecret, readSecret } from './secret-text.ts';
import { changeState, readState } from './state-file.ts';
import type { UseLog } from './use-log.ts';

/** A device that signs in. */
export interface Device {
  readonly user: string;
  /** The `client_id` that it gives itself. */
  readonly client: string;
  readonly agent: string;
  readonly address: string;
}

export interface IdentityStoreOptions {
  readonly path: string;
  readonly keys: Pick<KeyRing, 'fingerprint' | 'signer'>;
  readonly uses: Pick<UseLog, 'record' | 'lastUse'>;
  readonly directory: Pick<UserDirectory, 'credentialVersion'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Awaited before a new token is given out: others have to read it, for the device may turn to them with it. */
  readonly onStored?: () => Promise<unknown>;
  /** A device that has not been here for so long has to sign in again. */
  readonly idleMs?: number;
  /** Devices of one user; beyond that, the one that has not been here for the longest has to sign in again. */
  readonly mostPerUser?: number;
}

/** The identity tokens: what `docker login` keeps instead of the password. */
export interface IdentityStore {
  /** A new identity token, written down when the promise resolves. Throws AppError where it can't be. */
  issue(device: Device): Promise<Secret<string>>;
  /** The identity token with this secret; undefined for one that is unknown, revoked, unused for too long, or older than the user's password. */
  redeem(secret: string): IdentityToken | undefined;
  /** What an access token of this device hangs on, as a text; undefined once the identity token is gone. */
  credentialOf(id: string, user: string): string | undefined;
  /** Whether there is such a token, alive or not. */
  has(id: string): boolean;
  /** Those that are good now. */
  current(): readonly IdentityToken[];
  /** Reads the file again. Throws AppError STATE_INVALID; the tokens before stay in force then. */
  reload(): Promise<void>;
}

const DAY = 86_400_000;
const LONGEST_WORD = 120;

/** Opens the identity tokens for a server. Throws AppError STATE_INVALID. */
export async function openIdentityStore(options: IdentityStoreOptions): Promise<IdentityStore> {
  const { keys, directory, uses, now, mostPerUser = 100, onStored = async () => undefined } = options;
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
    issue: async ({ user, client, agent, address }) => {
      // What fingerprints depend on is stored together with the first key.
      await keys.signer();
      const { secret, hash } = makeSecret('identity');
      const words = { client: clean(client), agent: clean(agent), address };
      const fingerprint = keys.fingerprint(directory.credentialVersion(user) ?? '');
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
    current: () => [...index.byId.values()].filter(isCurrent),
    reload: async () => {
      index = createIndex((await readState(file)).state);
    },
  };
}

/** Whether a device may still come in: its user has the same password as then, and it was here not too long ago. */
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

/** What a client says of itself ends up in a list on somebody's terminal. */
function clean(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_WORD);
}
