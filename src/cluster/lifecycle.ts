import { createTopic, isNothing } from './bus.ts';
import { isFailure } from './failure.ts';

/** What the primary and its workers say to each other over the life of a worker. */

/** Where a worker listens. */
export interface Listening {
  readonly addresses: readonly unknown[];
  /** One for each place of the configuration. */
  readonly ports: readonly number[];
}

/** A worker listens. */
export const STARTED = createTopic('started', isListening, isNothing);
/** A worker can't start. */
export const FAILED = createTopic('failed', isFailure, isNothing);
/** Look at the followed files now. */
export const RELOAD = createTopic('reload', isNothing, isNothing);
/** Take no more connections, let running transfers end; answered when that is done. */
export const STOP = createTopic('stop', isNothing, isNothing);
/** Cut everything now. */
export const CUT = createTopic('cut', isNothing, isNothing);

/** Why pushes and pulls would fail, in a few words, or undefined. */
export const UNREADY = createTopic('unready', isNothing, isReason);

function isReason(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isListening(value: unknown): value is Listening {
  return typeof value === 'object' && value !== null && 'addresses' in value && 'ports' in value;
}
