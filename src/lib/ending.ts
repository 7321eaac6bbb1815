/** The kinds of things that expire. */
export type EndingKind =
  | 'certificate'
  | 'intermediate'
  | 'CA'
  | 'backend CA'
  | 'token certificate'
  | 'machine token';

/** Something that stops working at a known time. */
export interface Ending {
  readonly kind: EndingKind;
  /** Its name for a sentence: the path of the file, or `token m-1f0c9a2b4d of ci`. */
  readonly name: string;
  readonly notAfter: Date;
  /** The time before which no notice is due. What the gate renews by itself gives none until the renewal is overdue. */
  readonly noticeFrom?: Date;
  /** What to do about it, as a sentence for the operator. */
  readonly cure?: string;
}

const DAY = 86_400_000;
/** The days before the end at which a notice is due. From the end on, one is due every day. */
const STAGES = [1, 3, 7, 14, 30] as const;

/**
 * How near the end is: 30, 14, 7, 3 or 1 for at most so many days, 0 and below for the days that have passed since;
 * undefined where no notice is due. A new notice is due whenever this changes.
 */
export function stageOf({ notAfter, noticeFrom }: Ending, now: Date): number | undefined {
  if (noticeFrom !== undefined && now < noticeFrom) return undefined;
  const days = (notAfter.getTime() - now.getTime()) / DAY;
  if (days < 0) return Math.ceil(days) + 0;
  return STAGES.find((stage) => days <= stage);
}

/** `certs/domain.crt ends in 3 days, on 2027-02-20.`, `... ended 2 days ago, on 2027-02-20.`, and the cure, if there is one. */
export function describeEnding(
  { name, notAfter, cure }: Pick<Ending, 'name' | 'notAfter' | 'cure'>,
  now: Date,
): string {
  const left = notAfter.getTime() - now.getTime();
  const day = notAfter.toISOString().slice(0, 10);
  const days = Math.floor(Math.abs(left) / DAY);
  const count = days === 0 ? 'less than a day' : `${days} ${days === 1 ? 'day' : 'days'}`;
  const words = left < 0 ? `ended ${count} ago, on ${day}.` : `ends in ${count}, on ${day}.`;
  return [name, words, ...(cure === undefined ? [] : [cure])].join(' ');
}

/** Returns one sentence for each that has ended or ends within 30 days. */
export function endingWarnings(endings: readonly Ending[], now: Date): readonly string[] {
  return endings
    .filter((ending) => stageOf(ending, now) !== undefined)
    .map((ending) => describeEnding(ending, now));
}
