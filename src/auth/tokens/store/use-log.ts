import { changeState, isMoment, isRecord, readState, type StateFile } from './state-file.ts';

/** The time of the last use of each token. */
interface UseState {
  readonly version: 1;
  readonly used: Readonly<Record<string, string>>;
}

interface UseLogOptions {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The least time between two writes, in milliseconds. */
  readonly everyMs?: number;
  /** Reports whether a token exists. The uses of others are dropped at the next write. */
  readonly isKnown?: (id: string) => boolean;
  /** Called with the error of a failed write. The uses stay in memory, and the next write tries again. */
  readonly onError?: (error: unknown) => void;
  /** Called with the new uses before they are written. */
  readonly onUses?: (uses: Uses) => void;
}

/** Times in milliseconds since 1970, by token id. */
export type Uses = Readonly<Record<string, number>>;

/** Keeps the last use of tokens in memory and writes it from time to time, never for a single request. */
export interface UseLog {
  record(id: string): void;
  /** Returns milliseconds since 1970; undefined for a token that was never used. */
  lastUse(id: string): number | undefined;
  /** Adds the uses that another process of this gate has seen and writes itself. */
  learn(uses: Uses): void;
  /** Writes the uses that are not written yet. Never rejects. */
  flush(): Promise<void>;
  /** Writes for the last time. */
  close(): Promise<void>;
}

/** The file of the last uses. */
export function useLogFile(path: string): StateFile<UseState> {
  return { path, empty: { version: 1, used: {} }, isState };
}

/** Opens the log of last uses. A damaged file is replaced, since nothing depends on it, and `onError` is called. */
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

/** Two gates may share the file, so the later use of a token counts. */
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
