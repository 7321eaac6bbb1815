import type { SeenSession, Session } from './session.ts';

/**
 * Where sessions are kept, valid or not. The first one is a file that the workers of one gate share; a store that several
 * machines share needs no more than this. Each function may reject with an AppError if the store can't be reached.
 */
export interface SessionStore {
  /** Returns the session with this hash of its secret. */
  find(hash: string): Promise<SeenSession | undefined>;
  /** Returns the sessions of a user. */
  ofUser(user: string): Promise<readonly SeenSession[]>;
  /** Returns all sessions. */
  all(): Promise<readonly SeenSession[]>;
  /** Keeps a session. When the promise resolves, every process finds it. Bounded: the sessions unused for the longest make room. */
  add(session: Session): Promise<void>;
  /** Forgets sessions of a user: those with these ids, or all but one. Returns how many. When the promise resolves, no process finds them. */
  remove(
    user: string,
    which: { readonly ids: readonly string[] } | { readonly except: string | undefined },
  ): Promise<number>;
  /** Notes that a session is used now. Called for each request, so it answers at once and writes later. */
  touch(id: string): void;
}
