import { stageOf, type Ending } from '../../../lib/ending.ts';
import { formatSize } from '../../text/format.ts';
import type { Language } from '../../text/language.ts';
import type { HealthReport } from './report.ts';
import { HEALTH_WORDS } from './words.ts';

/** One line of the page: what was looked at, how it is, and what to do where it is not well. */
export interface Check {
  readonly level: 'ok' | 'warn' | 'bad';
  readonly what: string;
  /** A name beside it: a path, an address. */
  readonly name?: string;
  readonly state: string;
  readonly cure?: string | undefined;
}

const DAY = 86_400_000;
/** Parts of a disk that are free. */
const SCARCE = 0.1;
const NONE_LEFT = 0.02;

/** Judges what a gate says of itself. */
export function judge(report: HealthReport, now: number, language: Language): readonly Check[] {
  const own = report.endings.filter(({ kind }) => kind !== 'machine token');
  const tokens = report.endings.filter(({ kind }) => kind === 'machine token');
  return [
    judgeRegistry(report, language),
    ...report.disks.map((disk) => judgeDisk(disk, language)),
    ...own.map((ending) => judgeEnding(ending, now, language)),
    ...judgeTokens(tokens, now, language),
    judgeWorkers(report, language),
  ];
}

function judgeRegistry(
  { registry: { isEmbedded, name, unready, limitation } }: HealthReport,
  language: Language,
): Check {
  const words = HEALTH_WORDS[language];
  const what = `${words.registry} (${isEmbedded ? words.embedded : words.behind})`;
  const cure = isEmbedded ? words.cures.embedded : words.cures.registry;
  if (unready !== undefined) return { level: 'bad', what, name, state: words.unready(unready), cure };
  if (limitation !== undefined)
    return { level: 'warn', what, name, state: words.limited(limitation), cure: words.cures.disk };
  return { level: 'ok', what, name, state: words.ready };
}

function judgeDisk(
  { place, directory, free, size }: HealthReport['disks'][number],
  language: Language,
): Check {
  const words = HEALTH_WORDS[language];
  const part = size === 0 ? 1 : free / size;
  const level = part <= NONE_LEFT ? 'bad' : part <= SCARCE ? 'warn' : 'ok';
  const percent = new Intl.NumberFormat(language, { style: 'percent' }).format(Math.floor(part * 100) / 100);
  const state = words.free(formatSize(free, language), formatSize(size, language), percent);
  const cure = { registry: words.cures.disk, cache: words.cures.cache, state: words.cures.state }[place];
  return { level, what: words.disks[place], name: directory, state, cure: level === 'ok' ? undefined : cure };
}

function judgeEnding(ending: Ending, now: number, language: Language): Check {
  const words = HEALTH_WORDS[language];
  const { kind, name, noticeFrom } = ending;
  const level = levelOf(ending, now);
  const renewal = noticeFrom === undefined ? words.byHand : words.renewed;
  const isOwn = kind === 'certificate' || kind === 'CA' || kind === 'intermediate';
  const state = isOwn ? `${leftOf(ending, now, language)}; ${renewal}` : leftOf(ending, now, language);
  const cure = kind === 'certificate' ? words.cures.certificate : words.cures.CA;
  return { level, what: words.kinds[kind], name, state, cure: level === 'ok' ? undefined : cure };
}

/** Tokens that have ended for two weeks are no news. */
const TOKEN_ENDED_MS = 14 * DAY;

function judgeTokens(tokens: readonly Ending[], now: number, language: Language): readonly Check[] {
  const words = HEALTH_WORDS[language];
  const near = tokens.filter(
    (ending) => levelOf(ending, now) !== 'ok' && ending.notAfter.getTime() > now - TOKEN_ENDED_MS,
  );
  if (near.length === 0) return [{ level: 'ok', what: words.tokens, state: words.noTokens }];
  return near.map((ending) => ({
    level: 'warn',
    what: words.kinds['machine token'],
    name: ending.name,
    state: leftOf(ending, now, language),
    cure: words.cures.token,
  }));
}

function judgeWorkers({ workers: { expected, answered } }: HealthReport, language: Language): Check {
  const words = HEALTH_WORDS[language];
  const what = words.workers;
  if (expected === 1) return { level: 'ok', what, state: words.oneProcess };
  const state = words.workersAnswer(answered, expected);
  return answered < expected
    ? { level: 'warn', what, state, cure: words.cures.workers }
    : { level: 'ok', what, state };
}

function levelOf(ending: Ending, now: number): Check['level'] {
  const stage = stageOf(ending, new Date(now));
  if (stage === undefined) return 'ok';
  return stage <= 0 ? 'bad' : 'warn';
}

function leftOf({ notAfter }: Ending, now: number, language: Language): string {
  const words = HEALTH_WORDS[language];
  const day = notAfter.toISOString().slice(0, 10);
  const left = notAfter.getTime() - now;
  return left < 0 ? words.ended(day) : words.daysLeft(Math.floor(left / DAY), day);
}
