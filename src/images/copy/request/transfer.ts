import type { CopyObserver, CopyRequest } from './copy-request.ts';
import type { CopySession } from './copy-session.ts';

/** One copy under way. */
export interface Transfer {
  readonly request: CopyRequest;
  readonly session: CopySession;
  /** Ends all of its transfers. */
  readonly signal: AbortSignal;
  readonly observer: CopyObserver | undefined;
}
