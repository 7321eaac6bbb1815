import { randomBytes } from 'node:crypto';
import { createExpiringMap } from '../lib/expiring-map.ts';
import { createKeyedHash } from '../lib/keyed-hash.ts';
import type { Secret } from '../lib/secret.ts';
import type { Turn } from '../lib/streams/turn.ts';
import type { BasicCredentials } from './basic-credentials.ts';
import type { UserDirectory, Verdict } from './directory.ts';
import { PASSWORD_MAX_BYTES } from './passwords/password-hash.ts';

export interface AuthenticatorOptions {
  readonly directory: UserDirectory;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How long a verified password is remembered. */
  readonly cacheTtlMs?: number;
  /** Memory for verified passwords, in bytes. */
  readonly cacheBytes?: number;
  /** Secret of this run, under which verified passwords are remembered. Processes that share them share the key. */
  readonly key?: Buffer | undefined;
  /** Called with each credential that was verified. */
  readonly onVerified?: (known: KnownCredential) => void;
}

/** A verified credential, for the processes that have the same key; to any other program it says nothing. */
export interface KnownCredential {
  /** The keyed hash of name, password and version of the credential. */
  readonly id: string;
  readonly user: string;
}

/** Verifies passwords, and remembers those that were right. */
export interface Authenticator {
  /** The user, if the same credentials were verified a short while ago. Answers at once: most requests take this way. */
  remembered(credentials: BasicCredentials): string | undefined;
  /** Verifies the credentials if need be. Never rejects. */
  authenticate(credentials: BasicCredentials, turn?: Turn): Promise<Verdict>;
  /** Remembers what another process with the same key has verified. It is forgotten when the version of the credential changes. */
  learn(known: KnownCredential): void;
}

const REJECTED: Verdict = { kind: 'rejected' };
/** Some 10,000 credentials. */
const CACHE_BYTES = 4 * 1024 * 1024;

/**
 * Asks a directory once for each password. A verified one is remembered under a keyed hash of name, password and version
 * of the credential, so it is forgotten when the version changes. Equal questions at the same time are asked once.
 */
export function createAuthenticator({
  directory,
  now,
  cacheTtlMs = 300_000,
  cacheBytes = CACHE_BYTES,
  key = randomBytes(32),
  onVerified = () => undefined,
}: AuthenticatorOptions): Authenticator {
  const known = createExpiringMap<string>({ maxBytes: cacheBytes, ttl: cacheTtlMs, now });
  const inFlight = new Map<string, Promise<Verdict>>();
  const idOf = createCredentialIds(directory, createKeyedHash(key));

  const ask = async (
    credentials: BasicCredentials,
    version: string | undefined,
    turn: Turn | undefined,
  ): Promise<Verdict> => {
    const verdict = await directory.authenticate(credentials, turn);
    if (verdict.kind !== 'verified') return verdict;
    const current = directory.credentialVersion(credentials.user);
    // The user may have been given another password meanwhile. A directory may learn of a user by this very question.
    if (version !== undefined && current !== version) return authenticate(credentials, turn);
    if (current === undefined) return verdict;
    const id = idOf(credentials, current);
    known.set(id, verdict.user);
    onVerified({ id, user: verdict.user });
    return verdict;
  };

  const authenticate = async (credentials: BasicCredentials, turn?: Turn): Promise<Verdict> => {
    if (!isPossible(credentials)) return REJECTED;
    const version = directory.credentialVersion(credentials.user);
    const id = idOf(credentials, version ?? '');
    const user = version === undefined ? undefined : known.get(id);
    if (user !== undefined) return { kind: 'verified', user };
    const running = inFlight.get(id) ?? ask(credentials, version, turn).finally(() => inFlight.delete(id));
    inFlight.set(id, running);
    return running;
  };

  return {
    authenticate,
    remembered: (credentials) => {
      const version = directory.credentialVersion(credentials.user);
      return version === undefined || known.size === 0 ? undefined : known.get(idOf(credentials, version));
    },
    learn: ({ id, user }) => known.set(id, user),
  };
}

/** Rejects what no directory needs to be asked about, the same for every name. */
function isPossible({ user, password }: BasicCredentials): boolean {
  const text = password.reveal();
  if (user === '' || text === '' || text.includes('\0')) return false;
  return Buffer.byteLength(text) <= PASSWORD_MAX_BYTES;
}

/**
 * The keyed hash under which a credential is remembered. A password that is asked about again, as that of a connection is,
 * is hashed once for each version.
 */
function createCredentialIds(
  directory: UserDirectory,
  keyed: (text: string) => string,
): (credentials: BasicCredentials, version: string) => string {
  const made = new WeakMap<Secret<string>, CredentialId>();
  return ({ user, password }, version) => {
    const before = made.get(password);
    if (before?.version === version && before.user === user) return before.id;
    const text = password.reveal();
    const part = directory.comparedPart?.(user, text) ?? text;
    const id = keyed(credentialText([user, part, version]));
    made.set(password, { user, version, id });
    return id;
  };
}

interface CredentialId {
  readonly user: string;
  readonly version: string;
  readonly id: string;
}

/** Each part is preceded by its length, so that no two credentials give the same text. */
function credentialText(parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('');
}
