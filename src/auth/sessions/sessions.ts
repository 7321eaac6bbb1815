import { ownText } from '../../lib/own-text.ts';
import type { Secret } from '../../lib/secret.ts';
import type { UserDirectory } from '../directory.ts';
import type { Principal } from '../principal.ts';
import type { KeyRing } from '../tokens/store/key-ring.ts';
import { makeTokenId } from '../tokens/store/machine-token.ts';
import { makeSecret, readSecret } from '../tokens/store/secret-text.ts';
import { createSessionCheck, type SeenSession } from './session.ts';
import type { SessionStore } from './session-store.ts';

/** The browser that signs in. */
interface Browser {
  readonly agent: string;
  readonly address: string;
}

/** A user whose password was verified. */
interface VerifiedUser {
  readonly name: string;
  /** The version of the credential that was verified. A session of one that has changed meanwhile is not valid. */
  readonly version: string;
}

interface SessionsOptions {
  readonly store: SessionStore;
  readonly keys: Pick<KeyRing, 'fingerprint' | 'signer'>;
  readonly directory: Pick<UserDirectory, 'credentialVersion' | 'groups'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The sessions of the browsers that signed in to the pages. The functions reject with an AppError if the store fails. */
export interface Sessions {
  /** Begins a session. Its secret is always new: nothing that the browser sent goes into it. */
  begin(user: VerifiedUser, browser: Browser): Promise<Secret<string>>;
  /** Returns the session with this secret, and notes its use; undefined if there is none or it has ended. */
  use(secret: string): Promise<SeenSession | undefined>;
  /** Returns the valid sessions of a user, the one used last first. */
  ofUser(user: string): Promise<readonly SeenSession[]>;
  /** Returns the valid sessions that began last, the newest first. */
  newest(most: number): Promise<readonly SeenSession[]>;
  /** Ends a session of this user. Returns false if the user has no such session. */
  end(user: string, id: string): Promise<boolean>;
  /** Ends all sessions of a user but one. Returns how many. */
  endAll(user: string, except?: string): Promise<number>;
  /** The user of a session, with the groups of this moment. */
  principalOf(session: SeenSession): Principal;
}

const LONGEST_AGENT = 200;

export function createSessions(options: SessionsOptions): Sessions {
  const { store, keys, directory, now } = options;
  const isCurrent = createSessionCheck(options);
  return {
    begin: async ({ name, version }, { agent, address }) => {
      // The key of the fingerprints is stored together with the first signing key.
      await keys.signer();
      const { secret, hash } = makeSecret('session');
      await store.add({
        id: makeTokenId('s'),
        user: name,
        hash,
        fingerprint: keys.fingerprint(version),
        agent: ownText(agent.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_AGENT)),
        address,
        created: new Date(now()).toISOString(),
      });
      return secret;
    },
    use: async (text) => {
      const hash = readSecret('session', text);
      const session = hash === undefined ? undefined : await store.find(hash);
      if (session === undefined || !isCurrent(session)) return undefined;
      store.touch(session.id);
      return session;
    },
    ofUser: async (user) => {
      const sessions = (await store.ofUser(user)).filter(isCurrent);
      return sessions.toSorted((one, other) => other.lastUsed - one.lastUsed);
    },
    newest: async (most) => {
      const byAge = (await store.all()).toSorted(byBeginning);
      return firstOf(byAge, isCurrent, most);
    },
    end: async (user, id) => (await store.remove(user, { ids: [id] })) > 0,
    endAll: (user, except) => store.remove(user, { except }),
    principalOf: ({ user }) => ({
      kind: 'user',
      name: user,
      groups: directory.groups(user),
      proof: 'session',
    }),
  };
}

/** The one that began last comes first. Times in ISO 8601 are ordered as texts. */
function byBeginning(one: SeenSession, other: SeenSession): number {
  return Number(one.created < other.created) - Number(one.created > other.created);
}

/** Looks at no more sessions than it must: the check of one computes a hash. */
function firstOf<T>(all: readonly T[], isWanted: (one: T) => boolean, most: number): readonly T[] {
  const found: T[] = [];
  for (const one of all) {
    if (found.length >= most) break;
    if (isWanted(one)) found.push(one);
  }
  return found;
}
