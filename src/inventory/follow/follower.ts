import type { Registry } from '../../images/store.ts';
import { AppError } from '../../lib/errors.ts';
import type { Database } from '../database/database.ts';

/** What the parts that follow the registry share. */
export interface Follower {
  readonly registry: Registry;
  /** The file as it is open now: it may be made anew between two steps. */
  readonly database: () => Database;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether the file is so large that nothing is added. */
  readonly isFull: () => boolean;
}

/** Whether the registry says that there is no such repository. */
export function isUnknown(error: unknown): boolean {
  return error instanceof AppError && error.code === 'IMAGE_UNKNOWN';
}
