import { networkOf } from '../../lib/network.ts';
import type { Standing } from '../../lib/streams/turn.ts';
import { ownText } from '../../lib/own-text.ts';
import type { Attempt, Outcome } from './attempt.ts';
import type { Throttle } from './throttle.ts';
import type { Kind } from './ledger.ts';

/** A name and a secret as a client sent them, and from where. */
export interface Sent {
  readonly user: string;
  readonly password: { reveal(): string };
  readonly address: string;
}

/** Not tried, or to be answered as if it were not: `message` is for the person in front of the client. */
export interface Throttled {
  readonly kind: 'throttled';
  readonly seconds: number;
  readonly message: string;
}

export interface GuardOptions {
  readonly throttle: Pick<Throttle, 'begin' | 'end' | 'wrongToken'>;
  /** Keyed hash of a text. The processes of one gate have the same key. */
  readonly keyed: (text: string) => string;
  /** Keyed hash of a name that nobody has. Gates that count together have the same key. */
  readonly keyedName?: ((name: string) => string) | undefined;
  /** The stored hash of a user; undefined for somebody who is not in the users file. */
  readonly entryOf: (user: string) => string | undefined;
  /** The part of a password that its stored hash looks at: two that differ behind it are the same guess. */
  readonly guessed?: ((password: string, entry: string | undefined) => string) | undefined;
  /** Resolves after so many milliseconds. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
  /** How many answers may be held back at the same time. Beyond it they go out at once: they count all the same. */
  readonly mostDelayed?: number;
}

/** What verifies a password, in its turn. */
type Check<V> = (standing: Standing) => Promise<V>;

/** Stands before the verification of passwords and tokens. */
export interface Guard {
  /**
   * What `check` says, or why it was not asked: `rejected` is for a guess that was wrong before, `busy` for a gate whose
   * primary does not answer. Rejects only where `check` does.
   */
  password<V extends { readonly kind: string }>(
    sent: Sent,
    check: Check<V>,
  ): Promise<V | Throttled | { readonly kind: 'rejected' | 'busy' }>;
  /** A token that is none. Undefined: it is to be answered as a wrong one. */
  wrongToken(secret: string, address: string): Promise<Throttled | undefined>;
}

const MOST_DELAYED = 200;
const ID_LENGTH = 16;

/** Throttles by what the shared state says. */
export function createGuard(options: GuardOptions): Guard {
  const { throttle, keyed, pause = sleep, mostDelayed = MOST_DELAYED } = options;
  let delayed = 0;

  const attemptOf = createAttempts(options);
  const holdBack = async (milliseconds: number): Promise<void> => {
    if (milliseconds === 0 || delayed >= mostDelayed) return;
    delayed += 1;
    await pause(milliseconds).finally(() => (delayed -= 1));
  };

  return {
    password: async (sent, check) => {
      const attempt = attemptOf(sent);
      const admission = await throttle.begin(attempt).catch(() => undefined);
      if (admission === undefined) return { kind: 'busy' };
      if (admission.kind === 'wrong-again') return { kind: 'rejected' };
      if (admission.kind === 'blocked') return throttled(admission.by, admission.waitMs);
      let outcome: Outcome = 'unknown';
      try {
        const verdict = await check(admission.standing);
        outcome = outcomeOf(verdict.kind);
        return verdict;
      } finally {
        await holdBack(await throttle.end(attempt, admission.ticket, outcome).catch(() => 0));
      }
    },
    wrongToken: async (secret, address) => {
      const id = keyed(`token ${secret}`).slice(0, ID_LENGTH);
      const waitMs = await throttle.wrongToken({ id, network: networkOf(address) }).catch(() => 0);
      return waitMs === 0 ? undefined : throttled('tokens', waitMs);
    },
  };
}

/** What is counted of a name and a password. */
function createAttempts({
  keyed,
  keyedName = keyed,
  entryOf,
  guessed = whole,
}: GuardOptions): (sent: Sent) => Attempt {
  return ({ user, password, address }) => {
    const entry = entryOf(user);
    // Made for everybody, so that it takes as long for a name that is known.
    const stranger = `#${keyedName(`name ${user}`).slice(0, ID_LENGTH)}`;
    const text = [user, guessed(password.reveal(), entry), entry ?? '']
      .map((part) => `${part.length}:${part}`)
      .join('');
    return {
      user: entry === undefined ? stranger : ownText(`=${user}`),
      network: networkOf(address),
      id: keyed(`guess ${text}`).slice(0, ID_LENGTH),
    };
  };
}

function outcomeOf(kind: string): Outcome {
  if (kind === 'verified') return 'right';
  if (kind === 'rejected') return 'wrong';
  return kind === 'busy' ? 'busy' : 'unknown';
}

const WHAT: Readonly<Record<Kind, string>> = {
  'user-and-network': 'Too many different wrong passwords for this user came from your network',
  network: 'Too many different wrong passwords came from your network',
  user: 'Many networks are guessing the password of this user',
  tokens: 'Too many tokens that are not valid came from your network',
};

function throttled(by: Kind, waitMs: number): Throttled {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const message = `${WHAT[by]}: nothing is checked for ${seconds} s. Then sign in with the right one, or have it unlocked: registry-gate abuse unlock`;
  return { kind: 'throttled', seconds, message };
}

function whole(password: string): string {
  return password;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
