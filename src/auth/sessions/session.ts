import type { UserDirectory } from '../directory.ts';
import type { KeyRing } from '../tokens/store/key-ring.ts';

/** The session of a browser that signed in to the pages, as it is stored. */
export interface Session {
  /** `s-1f0c9a2b4d`. It is shown, and opens nothing. */
  readonly id: string;
  readonly user: string;
  /** SHA-256 of the secret in the cookie, base64url. */
  readonly hash: string;
  /** Keyed fingerprint of the version that the user's credential had at sign-in. */
  readonly fingerprint: string;
  /** The `User-Agent` of the browser, printable and shortened. */
  readonly agent: string;
  readonly address: string;
  /** ISO 8601. */
  readonly created: string;
}

/** A session and its last use, in milliseconds since 1970. Signing in is the first use. */
export interface SeenSession extends Session {
  readonly lastUsed: number;
}

const HOUR = 3_600_000;

/**
 * A session that is not used for 12 hours has ended: it lasts through a working day with its breaks, and not to the next
 * morning. NIST SP 800-63B (4.2.3) asks for no longer than this where the sign-in protects more than the user alone.
 */
const IDLE_MS = 12 * HOUR;
/** However much it is used, it ends after 14 days: a page that reloads itself, or a stolen cookie, must not live for ever. */
export const LONGEST_MS = 14 * 24 * HOUR;

interface SessionCheckOptions {
  readonly keys: Pick<KeyRing, 'fingerprint'>;
  readonly directory: Pick<UserDirectory, 'credentialVersion'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Returns a function that reports whether a session is valid: neither end has come, and its user's credential has not changed. */
export function createSessionCheck({
  keys,
  directory,
  now,
}: SessionCheckOptions): (session: SeenSession) => boolean {
  return ({ user, fingerprint, created, lastUsed }) => {
    const time = now();
    if (lastUsed + IDLE_MS <= time || Date.parse(created) + LONGEST_MS <= time) return false;
    const version = directory.credentialVersion(user);
    return version !== undefined && keys.fingerprint(version) === fingerprint;
  };
}
