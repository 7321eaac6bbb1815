import type { UseLog } from '../tokens/store/use-log.ts';
import { changeState, isListOf, isMoment, isRecord, isText, readState } from '../tokens/store/state-file.ts';
import type { StateFile } from '../tokens/store/state-file.ts';
import type { SeenSession, Session } from './session.ts';
import type { SessionStore } from './session-store.ts';

/** The content of `sessions.json`. */
interface SessionState {
  readonly version: 1;
  readonly sessions: readonly Session[];
}

export interface FileSessionsOptions {
  readonly path: string;
  readonly uses: Pick<UseLog, 'record' | 'lastUse'>;
  /** Reports whether a session is valid. Those that are not are dropped at the next sign-in. */
  readonly isCurrent: (session: SeenSession) => boolean;
  /** Awaited after the file was changed: other processes must read it, since the browser may go to them next. */
  readonly onStored?: () => Promise<unknown>;
  /** The most sessions of one user, and of all. Beyond that, the one unused for the longest ends. */
  readonly mostPerUser?: number;
  readonly most?: number;
}

/** The sessions in a file. */
export interface FileSessions extends SessionStore {
  /** Reports whether there is such a session, valid or not. */
  has(id: string): boolean;
  /** Reads the file again. Throws AppError STATE_INVALID and keeps the sessions it had. */
  reload(): Promise<void>;
}

/** The file of the sessions. */
export function sessionsFile(path: string): StateFile<SessionState> {
  return { path, empty: { version: 1, sessions: [] }, isState };
}

/** Opens the sessions of a file, which are all kept in memory. Throws AppError STATE_INVALID. */
export async function openFileSessions(options: FileSessionsOptions): Promise<FileSessions> {
  const { path, uses, isCurrent, onStored = async () => undefined, mostPerUser = 20, most = 5000 } = options;
  const file = sessionsFile(path);
  const seen = (session: Session): SeenSession => ({ ...session, lastUsed: lastUseOf(session, uses) });
  let index = createIndex((await readState(file)).state.sessions);

  const change = async (next: (before: readonly Session[]) => readonly Session[]): Promise<void> => {
    const state = await changeState(file, (before) => {
      const sessions = next(before.sessions);
      return sessions === before.sessions ? before : { version: 1 as const, sessions };
    });
    index = createIndex(state.sessions);
    await onStored();
  };

  return {
    find: async (hash) => {
      const session = index.byHash.get(hash);
      return session && seen(session);
    },
    ofUser: async (user) => [...index.byHash.values()].filter((it) => it.user === user).map(seen),
    all: async () => [...index.byHash.values()].map(seen),
    add: (session) =>
      change((before) => {
        const current = before.map(seen).filter(isCurrent);
        const own = current.filter(({ user }) => user === session.user);
        const tooMany = new Set([...beyond(own, mostPerUser - 1), ...beyond(current, most - 1)]);
        return [
          ...before.filter(({ id }) => current.some((it) => it.id === id) && !tooMany.has(id)),
          session,
        ];
      }),
    remove: async (user, which) => {
      const isMeant = ({ id }: Session): boolean =>
        'ids' in which ? which.ids.includes(id) : id !== which.except;
      let count = 0;
      await change((before) => {
        const kept = before.filter((session) => session.user !== user || !isMeant(session));
        count = before.length - kept.length;
        return count === 0 ? before : kept;
      });
      return count;
    },
    touch: (id) => uses.record(id),
    has: (id) => index.ids.has(id),
    reload: async () => {
      index = createIndex((await readState(file)).state.sessions);
    },
  };
}

/** The ids of those beyond a number, the ones unused for the longest. */
function beyond(sessions: readonly SeenSession[], most: number): readonly string[] {
  if (sessions.length <= most) return [];
  const byUse = sessions.toSorted((one, other) => one.lastUsed - other.lastUsed);
  return byUse.slice(0, sessions.length - most).map(({ id }) => id);
}

/** Returns the last use of a session, or when it began, in milliseconds since 1970. */
export function lastUseOf({ id, created }: Session, uses: Pick<UseLog, 'lastUse'>): number {
  return uses.lastUse(id) ?? Date.parse(created);
}

function createIndex(sessions: readonly Session[]): {
  readonly byHash: ReadonlyMap<string, Session>;
  readonly ids: ReadonlySet<string>;
} {
  const byHash = new Map(sessions.map((session) => [session.hash, session]));
  const ids = new Set(sessions.map(({ id }) => id));
  return { byHash, ids };
}

function isState(value: unknown): value is SessionState {
  return isRecord(value) && value['version'] === 1 && isListOf(isSession, value['sessions']);
}

function isSession(value: unknown): value is Session {
  if (!isRecord(value)) return false;
  const { id, user, hash, fingerprint, agent, address, created } = value;
  return [id, user, hash, fingerprint, agent, address].every(isText) && isMoment(created);
}
