import type { OtherTokens, Tokens } from '../../auth/tokens/open-tokens.ts';
import type { OpenSessions, OtherSessions } from '../../auth/sessions/open-sessions.ts';
import type { Uses } from '../../auth/tokens/store/use-log.ts';
import type { Authenticator, AuthenticatorOptions, KnownCredential } from '../../auth/authenticator.ts';
import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';
import { sharedKey, type ClusterContext } from './cluster-context.ts';

/** A password was verified, so the other workers need not hash it. */
const VERIFIED = createTopic('credential verified', isKnownCredential, isNothing);
/** A key or an identity token was stored. A client may use it at any worker from now on. */
const STORED = createTopic('tokens stored', isNothing, isNothing);
/** Tokens were used. */
const USED = createTopic('tokens used', isUses, isNothing);

/** A session was stored or removed, and sessions were used. */
const SESSIONS_STORED = createTopic('sessions stored', isNothing, isNothing);
const SESSIONS_USED = createTopic('sessions used', isUses, isNothing);

/** A page has changed the file of the users. */
const USERS_CHANGED = createTopic('users changed', isNothing, isNothing);

/** Shares verified passwords and new tokens between the processes of a gate. */
interface CredentialSync {
  readonly passwords: Pick<AuthenticatorOptions, 'key' | 'onVerified'>;
  readonly tokens: OtherTokens | undefined;
  /** Handles the messages of the other processes from now on. */
  follow(passwords: Pick<Authenticator, 'learn'>, tokens: Pick<Tokens, 'reload' | 'learnUses'>): void;
}

const SINGLE: CredentialSync = { passwords: {}, tokens: undefined, follow: () => undefined };

/** Does nothing in a gate of one process. */
export function syncCredentials(cluster: ClusterContext): CredentialSync {
  const { bus, secrets } = cluster;
  if (secrets === undefined) return SINGLE;
  return {
    passwords: {
      key: sharedKey(cluster, 'credentials', 32),
      onVerified: (known) => bus.publish(VERIFIED, known),
    },
    tokens: {
      spareKeys: secrets.spareKeys,
      onStored: () => bus.collect(STORED, undefined),
      onUses: (uses) => bus.publish(USED, uses),
    },
    follow: (passwords, tokens) => {
      bus.handle(VERIFIED, (known) => passwords.learn(known));
      bus.handle(STORED, () => tokens.reload());
      bus.handle(USED, (uses) => tokens.learnUses(uses));
    },
  };
}

/** Shares the sessions of browsers between the processes of a gate. */
interface SessionSync {
  readonly others: OtherSessions | undefined;
  /** Handles the messages of the other processes from now on. */
  follow(sessions: Pick<OpenSessions, 'reload' | 'learnUses'>): void;
}

/** Does nothing in a gate of one process. */
export function syncSessions({ bus, secrets }: Pick<ClusterContext, 'bus' | 'secrets'>): SessionSync {
  if (secrets === undefined) return { others: undefined, follow: () => undefined };
  return {
    others: {
      onStored: () => bus.collect(SESSIONS_STORED, undefined),
      onUses: (uses) => bus.publish(SESSIONS_USED, uses),
    },
    follow: (sessions) => {
      bus.handle(SESSIONS_STORED, async () => void (await sessions.reload()));
      bus.handle(SESSIONS_USED, (uses) => sessions.learnUses(uses));
    },
  };
}

/** Returns a function that makes every process of the gate look at the users now. When it resolves, all have read them. */
export function shareUserChanges(
  bus: Pick<Bus, 'handle' | 'collect'>,
  users: { check(): Promise<void> },
): () => Promise<unknown> {
  bus.handle(USERS_CHANGED, () => users.check());
  return () => bus.collect(USERS_CHANGED, undefined);
}

function isKnownCredential(value: unknown): value is KnownCredential {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('user' in value)) return false;
  return typeof value.id === 'string' && typeof value.user === 'string';
}

function isUses(value: unknown): value is Uses {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((at) => typeof at === 'number');
}
