import { networkOf } from '../../lib/network.ts';
import type { Standing } from '../../lib/streams/turn.ts';
import { ownText } from '../../lib/own-text.ts';
import type { Attempt, CheckResult } from './attempt.ts';
import type { Throttle } from './throttle.ts';
import type { CountKind } from './ledger.ts';
import type { SentCredentials } from '../basic-credentials.ts';
import type { UserDirectory } from '../directory.ts';

/** The attempt was not tried, or is answered as if it were not. `message` is for the user of the client. */
export interface Throttled {
  readonly kind: 'throttled';
  readonly seconds: number;
  readonly message: string;
}

interface GuardOptions {
  readonly throttle: Pick<Throttle, 'begin' | 'end' | 'wrongToken'>;
  /** Keyed hash of a text. The processes of one gate share the key. */
  readonly keyed: (text: string) => string;
  /** Keyed hash of an unknown user name. Gates with a common ledger share the key. */
  readonly keyedName?: ((name: string) => string) | undefined;
  readonly directory: Pick<UserDirectory, 'credentialVersion' | 'comparedPart'>;
  /** Resolves after this many milliseconds. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
  /** The most answers delayed at the same time. Further answers are sent at once but count as well. */
  readonly mostDelayed?: number;
}

/** Verifies a password, in its turn. */
type Check<V> = (standing: Standing) => Promise<V>;

/** Guards the verification of passwords and tokens. */
export interface Guard {
  /**
   * Returns the result of `check`, or why it was not called: `rejected` for a guess that was wrong before, `busy` if
   * the primary process does not answer. Rejects only if `check` does.
   */
  password<V extends { readonly kind: string }>(
    sent: SentCredentials,
    check: Check<V>,
  ): Promise<V | Throttled | { readonly kind: 'rejected' | 'busy' }>;
  /** Counts an invalid token. Returns undefined if the client should get the usual answer for one. */
  wrongToken(secret: string, address: string): Promise<Throttled | undefined>;
}

/** Lets everything be tried. */
export const UNGUARDED: Guard = {
  password: (_sent, check) => check('stranger'),
  wrongToken: async () => undefined,
};

const MOST_DELAYED = 200;
const ID_LENGTH = 16;

/** Creates a guard that throttles by the shared counts. */
export function createGuard(options: GuardOptions): Guard {
  const { throttle, keyed, pause = sleep, mostDelayed = MOST_DELAYED } = options;
  let delayed = 0;

  const attemptOf = createAttempts(options);
  const delayAnswer = async (milliseconds: number): Promise<void> => {
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
      let outcome: CheckResult = 'unknown';
      try {
        const verdict = await check(admission.standing);
        outcome = outcomeOf(verdict.kind);
        return verdict;
      } finally {
        await delayAnswer(await throttle.end(attempt, admission.ticket, outcome).catch(() => 0));
      }
    },
    wrongToken: async (secret, address) => {
      const id = keyed(`token ${secret}`).slice(0, ID_LENGTH);
      const waitMs = await throttle.wrongToken({ id, network: networkOf(address) }).catch(() => 0);
      return waitMs === 0 ? undefined : throttled('tokens', waitMs);
    },
  };
}

function createAttempts({
  keyed,
  keyedName = keyed,
  directory,
}: GuardOptions): (sent: SentCredentials) => Attempt {
  return (sent) => {
    const { user, address } = sent;
    const version = directory.credentialVersion(user);
    const password = sent.password.reveal();
    const guess = directory.comparedPart?.(user, password) ?? password;
    // Computed for every name, so that known names take as long.
    const stranger = `#${keyedName(`name ${user}`).slice(0, ID_LENGTH)}`;
    const text = [user, guess, version ?? ''].map((part) => `${part.length}:${part}`).join('');
    return {
      user: version === undefined ? stranger : ownText(`=${user}`),
      network: networkOf(address),
      id: keyed(`guess ${text}`).slice(0, ID_LENGTH),
    };
  };
}

function outcomeOf(kind: string): CheckResult {
  if (kind === 'verified') return 'right';
  if (kind === 'rejected') return 'wrong';
  return kind === 'busy' ? 'busy' : 'unknown';
}

const WHAT: Readonly<Record<CountKind, string>> = {
  'user-and-network': 'Too many different wrong passwords for this user came from your network',
  network: 'Too many different wrong passwords came from your network',
  user: 'Many networks are guessing the password of this user',
  tokens: 'Too many tokens that are not valid came from your network',
};

function throttled(by: CountKind, waitMs: number): Throttled {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const message = `${WHAT[by]}: nothing is checked for ${seconds} s. Then sign in with the right one, or have it unlocked: registry-gate abuse unlock`;
  return { kind: 'throttled', seconds, message };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
