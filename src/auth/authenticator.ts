import { randomBytes } from 'node:crypto';
import { createExpiringMap } from '../lib/expiring-map.ts';
import { createKeyedHash } from '../lib/keyed-hash.ts';
import type { Secret } from '../lib/secret.ts';
import type { Turn } from '../lib/streams/turn.ts';
import type { BasicCredentials } from './basic-credentials.ts';
import type { HashPool, HashVerdict } from './passwords/hash-pool.ts';
import type { UserEntry } from './users/htpasswd-entry.ts';
import { PASSWORD_MAX_BYTES, hashedPart, isCut, verifyHash } from './passwords/password-hash.ts';
import type { Users } from './users/user-store.ts';

/** `busy`: too many passwords are being checked at this moment; the client should come back. */
export type Verdict =
  | { readonly kind: 'verified'; readonly user: string }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'busy' };

export interface AuthenticatorOptions {
  readonly store: { current(): Users };
  readonly pool: Pick<HashPool, 'verify'>;
  /** Milliseconds, never running backwards. */
  readonly now: () => number;
  /** How long a verified password is remembered. */
  readonly cacheTtlMs?: number;
  /** How many bytes of them are remembered at most. */
  readonly cacheBytes?: number;
  /** Secret of this run; keys of the memory and choice of stand-ins depend on it. Processes that share what they verified share it. */
  readonly key?: Buffer | undefined;
  /** Told of each credential that was verified, by its keyed hash. */
  readonly onVerified?: (known: KnownCredential) => void;
  /** Told once for each user whose right password is longer than the part that bcrypt looks at. */
  readonly onCut?: (user: string) => void;
}

/** A verified credential, as those tell each other who have the same key: nobody else can make anything of it. */
export interface KnownCredential {
  /** The keyed hash of name, password and stored hash. */
  readonly id: string;
  readonly user: string;
}

export interface Authenticator {
  /** Who this is, if the same credentials were verified a short while ago. Answers at once: the path of most requests. */
  remembered(credentials: BasicCredentials): string | undefined;
  /** Who this is, verified if need be. Never rejects. */
  authenticate(credentials: BasicCredentials, turn?: Turn): Promise<Verdict>;
  /** Remembers what another process with the same key has verified. It is forgotten with its entry, like what was verified here. */
  learn(known: KnownCredential): void;
}

const REJECTED: Verdict = { kind: 'rejected' };
/** Some 10,000 credentials. */
const CACHE_BYTES = 4 * 1024 * 1024;

/**
 * Tells who somebody is by name and password. A slow hash is paid once: the credential is remembered under a keyed
 * hash of name, password and stored hash, so it is forgotten with its entry. A name that is not in the file is checked
 * against the hash of somebody who is, and rejected: it takes the time that a known name takes.
 */
export function createAuthenticator({
  store,
  pool,
  now,
  cacheTtlMs = 300_000,
  cacheBytes = CACHE_BYTES,
  key = randomBytes(32),
  onVerified = () => undefined,
  onCut = () => undefined,
}: AuthenticatorOptions): Authenticator {
  const known = createExpiringMap<string>({ maxBytes: cacheBytes, ttl: cacheTtlMs, now });
  const keyed = createKeyedHash(key);
  const inFlight = new Map<string, Promise<Verdict>>();
  const idOf = createCredentialIds(keyed);
  const noteCut = createCutNotice(onCut);

  const remembered = (credentials: BasicCredentials): string | undefined => {
    const entry = store.current().byName.get(credentials.user);
    return entry === undefined || known.size === 0 ? undefined : known.get(idOf(credentials, entry));
  };

  const verify = async (attempt: Attempt): Promise<Verdict> => {
    const { credentials, entry, isKnown, id, turn } = attempt;
    const password = credentials.password.reveal();
    const verdict = await ask(pool, { entry, password, turn });
    if (verdict === 'busy' || verdict === 'failed') return { kind: 'busy' };
    if (!isKnown || verdict === 'mismatch') return REJECTED;
    if (store.current().byName.get(credentials.user)?.hash.text !== entry.hash.text)
      return authenticate(credentials, turn);
    noteCut(entry, password);
    // The name as the file has it: the other one is a part of what the client sent, and would keep all of it.
    known.set(id, entry.name);
    onVerified({ id, user: entry.name });
    return { kind: 'verified', user: entry.name };
  };

  const authenticate = async (credentials: BasicCredentials, turn?: Turn): Promise<Verdict> => {
    const { user } = credentials;
    const password = credentials.password.reveal();
    if (!isPossible(user, password)) return REJECTED;
    const found = store.current().byName.get(user);
    const entry = found ?? standIn(store.current(), keyed(`stand-in ${user}`));
    if (entry === undefined) return REJECTED;
    const id = idOf(credentials, entry);
    // Somebody may have been renamed: a stand-in with the very hash must not bring the old name back.
    const name = found === undefined ? undefined : known.get(id);
    if (name !== undefined) return { kind: 'verified', user: name };
    const attempt = { credentials, entry, isKnown: found !== undefined, id, turn };
    const running = inFlight.get(id) ?? verify(attempt).finally(() => inFlight.delete(id));
    inFlight.set(id, running);
    return running;
  };

  return { remembered, authenticate, learn: ({ id, user }) => known.set(id, user) };
}

/** Tells once for each entry that its user's password is longer than what is looked at. */
function createCutNotice(onCut: (user: string) => void): (entry: UserEntry, password: string) => void {
  const told = new WeakSet<UserEntry>();
  return (entry, password) => {
    if (!isCut(entry.hash, password) || told.has(entry)) return;
    told.add(entry);
    onCut(entry.name);
  };
}

interface Attempt {
  readonly credentials: BasicCredentials;
  readonly entry: UserEntry;
  /** Whether the entry is the user's own. */
  readonly isKnown: boolean;
  readonly id: string;
  readonly turn: Turn | undefined;
}

/** Turns away, whoever is asked about, what no hash needs to be computed for. */
function isPossible(user: string, password: string): boolean {
  if (user === '' || password === '' || password.includes('\0')) return false;
  return Buffer.byteLength(password) <= PASSWORD_MAX_BYTES;
}

interface Question {
  readonly entry: UserEntry;
  readonly password: string;
  readonly turn: Turn | undefined;
}

function ask(
  pool: Pick<HashPool, 'verify'>,
  { entry: { hash }, password, turn }: Question,
): Promise<HashVerdict> {
  if (hash.slow) return pool.verify(hash.text, password, turn);
  return Promise.resolve(verifyHash(hash.text, password) ? 'match' : 'mismatch');
}

/**
 * The entry that an unknown name is checked against: always the same for one name, and spread like the costs in the
 * file. The list is in order of cost, so that a change of the file moves few names to another cost.
 */
function standIn({ byCost }: Users, keyedName: string): UserEntry | undefined {
  const share = Buffer.from(keyedName, 'base64').readUInt32BE() / 2 ** 32;
  return byCost[Math.floor(share * byCost.length)];
}

/**
 * The keyed hash of name, password and stored hash, by which a credential is known. A value that is asked about again,
 * as those of a connection are, is hashed once for each entry.
 */
function createCredentialIds(
  keyed: (text: string) => string,
): (credentials: BasicCredentials, entry: UserEntry) => string {
  const made = new WeakMap<Secret<string>, Attempted>();
  return ({ user, password }, entry) => {
    const before = made.get(password);
    if (before?.entry === entry && before.user === user) return before.id;
    const id = keyed(credentialText([user, hashedPart(entry.hash.text, password.reveal()), entry.hash.text]));
    made.set(password, { user, entry, id });
    return id;
  };
}

interface Attempted {
  readonly user: string;
  readonly entry: UserEntry;
  readonly id: string;
}

/** Each part is preceded by its length, so that no two credentials run into the same text. */
function credentialText(parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('');
}
