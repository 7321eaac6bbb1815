import { ShareLine } from '../../lib/share-line.ts';
import type { Standing, Turn } from '../../lib/streams/turn.ts';

/** Jobs that wait for a thread, in the order in which they get one. */
export interface HashLine<J> {
  /** How many wait. */
  readonly length: number;
  /** Takes the job in. The one that has no place now, if there is one: this job, or another that gave it its place. */
  push(job: J, turn: Turn): J | undefined;
  /** The next one. */
  shift(): J | undefined;
  /** Takes out all. */
  drain(): readonly J[];
}

const ORDER: readonly Standing[] = ['proven', 'regular', 'stranger'];
/** Of so many turns one is for strangers first, however many others wait: everybody was one once. */
const STRANGERS_TURN = 4;

/**
 * A line in three classes, each of which has `limit` places of its own: strangers take none from users. Credentials that
 * were right before come first, then networks that users come from, then the others. Within a class sites take turns, and
 * where it is full the one with the most places gives one up to the one with fewer: one site alone may have them all, as
 * an office behind one address does after a restart, and yet leaves every other site its share.
 */
export function createHashLine<J>(limit: number): HashLine<J> {
  const classes = ORDER.map(() => new ShareLine<J>(limit));
  let turns = 0;
  return {
    get length() {
      return classes.reduce((sum, line) => sum + line.length, 0);
    },
    push: (job, { standing, site }) => classes[ORDER.indexOf(standing)]?.push(job, site),
    shift: () => {
      turns = (turns + 1) % STRANGERS_TURN;
      const order = turns === 0 ? classes.toReversed() : classes;
      for (const line of order) if (line.length > 0) return line.shift();
      return undefined;
    },
    drain: () => classes.flatMap((line) => line.drain()),
  };
}
