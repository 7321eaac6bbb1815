import { changeState, isMoment, isRecord, readState } from './state-file.ts';
import type { StateFile } from './state-file.ts';

/** When which token was last used. */
export interface UseState {
  readonly version: 1;
  readonly used: Readonly<Record<string, string>>;
}

export interface UseLogOptions {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Least time between two writes, in milliseconds. */
  readonly everyMs?: number;
  /** Which ids are still of interest; the others are dropped at the next write. */
  readonly isKnown?: (id: string) => boolean;
  /** Told of a write that failed. The uses stay in memory, and the next write tries again. */
  readonly onError?: (error: unknown) => void;
  /** Told the uses of the last while, before they are written. */
  readonly onUses?: (uses: Uses) => void;
}

/** Milliseconds since 1970, by the id of the token. */
export type Uses = Readonly<Record<string, number>>;

/** Remembers the last use of tokens in memory, and writes it down now and then: never a write for a request. */
export interface UseLog {
  record(id: string): void;
  /** Milliseconds since 1970; undefined for a token that was never used. */
  lastUse(id: string): number | undefined;
  /** Remembers what another process of this gate has seen, which writes it down. */
  learn(uses: Uses): void;
  /** Writes now what is not written yet. Never rejects. */
  flush(): Promise<void>;
  /** The last write. */
  close(): Promise<void>;
}

/** The file of the last uses. */
export function useLogFile(path: string): StateFile<UseState> {
  return { path, empty: { version: 1, used: {} }, isState };
}

/** Opens the memory of last uses. It is of no weight: a file that is damaged begins anew, and `onError` hears of it. */
export async function openUseLog(options: UseLogOptions): Promise<UseLog> {
  const { path, now, everyMs = 60_000, isKnown = () => true, onError = () => undefined } = options;
  const { onUses = () => undefined } = options;
  const file = useLogFile(path);
  const { state } = await readState(file).catch((error: unknown) => {
    onError(error);
    return { state: file.empty };
  });
  const used = new Map(Object.entries(state.used).map(([id, moment]) => [id, Date.parse(moment)]));
  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    const written = [...pending];
    pending.clear();
    if (written.length === 0) return;
    onUses(Object.fromEntries(written.map((id) => [id, used.get(id) ?? 0])));
    try {
      await changeState(file, (before) => mergeUses(before, used, isKnown));
      for (const id of used.keys()) if (!isKnown(id)) used.delete(id);
    } catch (error) {
      for (const id of written) pending.add(id);
      onError(error);
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    running = running.then(write);
    return running;
  };

  return {
    record: (id) => {
      used.set(id, now());
      pending.add(id);
      timer ??= setTimeout(() => void flush(), everyMs).unref();
    },
    learn: (uses) => {
      for (const [id, at] of Object.entries(uses)) {
        if (isKnown(id)) used.set(id, Math.max(at, used.get(id) ?? 0));
      }
    },
    lastUse: (id) => used.get(id),
    flush,
    close: flush,
  };
}

/** Two gates may share the file: the later use counts. */
function mergeUses(
  before: UseState,
  used: ReadonlyMap<string, number>,
  isKnown: (id: string) => boolean,
): UseState {
  const merged = new Map(Object.entries(before.used).map(([id, moment]) => [id, Date.parse(moment)]));
  for (const [id, at] of used) merged.set(id, Math.max(at, merged.get(id) ?? 0));
  const kept = [...merged].filter(([id]) => isKnown(id));
  return { version: 1, used: Object.fromEntries(kept.map(([id, at]) => [id, new Date(at).toISOString()])) };
}

function isState(value: unknown): value is UseState {
  if (!isRecord(value) || value['version'] !== 1 || !isRecord(value['used'])) return false;
  return Object.values(value['used']).every(isMoment);
}
