import { ShareLine } from '../../lib/share-line.ts';
import type { Standing, Turn } from '../../lib/streams/turn.ts';

/** A queue of jobs that wait for a thread. */
export interface HashLine<J> {
  /** The number of waiting jobs. */
  readonly length: number;
  /** Adds a job. Returns the job that is rejected for it, if the queue is full: this one or another. */
  push(job: J, turn: Turn): J | undefined;
  /** Removes the next job. */
  shift(): J | undefined;
  /** Removes all jobs. */
  drain(): readonly J[];
}

const ORDER: readonly Standing[] = ['proven', 'regular', 'stranger'];
/** Every fourth turn serves strangers first, so that they are served however many others wait. */
const STRANGERS_TURN = 4;

/**
 * Creates a queue in three classes of `limit` places each, so that strangers take no places from users. Credentials that
 * were right before are served first, then networks from which users have signed in, then the others. Within a class the
 * sites take turns. If a class is full, the site with the most places gives one up to a site with fewer: one site may take
 * all places, as an office behind one address does after a restart, and still leaves the others their share.
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
