import { describeEnding, stageOf, type Ending, type EndingKind } from '../../lib/ending.ts';
import type { Logger } from '../../lib/logger.ts';
import { backendEndings } from '../backend/backend-endings.ts';
import type { Audit } from './audit.ts';

interface ExpiryWatchOptions {
  /** The current certificates of the gate and of its registry. */
  readonly own: () => readonly Ending[];
  /** The current tokens of machines. */
  readonly tokens: () => readonly Ending[];
  readonly logger: Logger;
  /** Wall clock. */
  readonly today: () => Date;
  /** Called with each notice, for the audit log. */
  readonly onNotice?: ((ending: Ending, sentence: string, hasEnded: boolean) => void) | undefined;
}

/** Watches what expires. */
export interface ExpiryWatch {
  /** Looks now, and logs what has reached another stage since the last look. */
  check(): void;
  endings(): readonly Ending[];
  /** A warning for clients that push, to pass on to the operator; undefined where nothing of the gate's own ends within 14 days. */
  warning(): string | undefined;
  /** What has expired and keeps all clients out, in a few words; or undefined. */
  ended(): string | undefined;
  close(): void;
}

const LOOK_MS = 3600 * 1000;
const DAY = 86_400_000;
/** Days before the end at which users are warned, who can only tell the operator; the log warns earlier. */
const USERS_HEAR = 14;
/** A token that has expired is reported for this many days. */
const TOKEN_ENDED_DAYS = 14;
const SERVED: readonly EndingKind[] = ['certificate', 'intermediate', 'CA'];
/** Names for users, without paths. */
const WORDS: Readonly<Record<Exclude<EndingKind, 'machine token'>, string>> = {
  certificate: 'the certificate of this registry',
  intermediate: "a certificate in this registry's chain",
  CA: 'the CA of this registry',
  'backend CA': 'the CA of the storage behind this registry',
  'token certificate': 'the certificate between this registry and its storage',
};

/**
 * Warns 30, 14, 7, 3 and 1 days before the end of each, and every day from the end on: once at each of these stages, and
 * once more after a restart.
 */
export function openExpiryWatch(options: ExpiryWatchOptions): ExpiryWatch {
  const { own, tokens, logger, today, onNotice } = options;
  let said = new Map<string, number>();

  const endings = (): readonly Ending[] => [...own(), ...tokens()];
  const look = (): void => {
    const now = today();
    const stages = new Map<string, number>();
    for (const ending of endings()) {
      const stage = stageOf(ending, now);
      if (stage === undefined || isForgotten(ending, now)) continue;
      const key = `${ending.kind}\n${ending.name}\n${ending.notAfter.getTime()}`;
      stages.set(key, stage);
      if (said.get(key) !== stage) tell(ending, now);
    }
    said = stages;
  };
  const tell = (ending: Ending, now: Date): void => {
    const { kind, notAfter } = ending;
    const warning = describeEnding(ending, now);
    const hasEnded = notAfter < now;
    logger.warn({ kind, ends: notAfter.toISOString(), warning }, hasEnded ? 'expired' : 'expires soon');
    onNotice?.(ending, warning, hasEnded);
  };
  const nearest = (): Ending | undefined =>
    own()
      .filter((ending) => (stageOf(ending, today()) ?? Infinity) <= USERS_HEAR)
      .toSorted((one, other) => one.notAfter.getTime() - other.notAfter.getTime())[0];

  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    check: look,
    endings,
    warning: () => {
      const ending = nearest();
      if (ending === undefined || ending.kind === 'machine token') return undefined;
      const sentence = describeEnding({ name: WORDS[ending.kind], notAfter: ending.notAfter }, today());
      return `${sentence.replace(/\.$/, '')}: tell its operator`;
    },
    ended: () => {
      const found = own().find(({ kind, notAfter }) => SERVED.includes(kind) && notAfter <= today());
      return found && `the ${found.kind} has expired`;
    },
    close: () => clearInterval(timer),
  };
}

interface Watched {
  readonly certificate: {
    current(): { readonly endings: readonly Ending[] };
    onChange(listener: () => void): void;
  };
  readonly tokens: { endings(): readonly Ending[] };
  readonly logger: Logger;
  readonly audit: Pick<Audit, 'noteExpiry'> | undefined;
}

/** Watches the certificates of the gate and of its registry, and the tokens of machines. */
export async function watchEndings(
  config: Parameters<typeof backendEndings>[0],
  { certificate, tokens, logger, audit }: Watched,
): Promise<ExpiryWatch> {
  const beyond = await backendEndings(config);
  const watch = openExpiryWatch({
    own: () => [...certificate.current().endings, ...beyond],
    tokens: () => tokens.endings(),
    logger,
    today: () => new Date(),
    onNotice: ({ kind }, sentence, hasEnded) => audit?.noteExpiry(kind, sentence, hasEnded),
  });
  // Listeners are called before the new certificate is in force.
  certificate.onChange(() => setImmediate(() => watch.check()));
  return watch;
}

function isForgotten({ kind, notAfter }: Ending, now: Date): boolean {
  return kind === 'machine token' && now.getTime() - notAfter.getTime() > TOKEN_ENDED_DAYS * DAY;
}
