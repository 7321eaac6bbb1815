import { stat } from 'node:fs/promises';
import { systemCode } from '../errors.ts';

interface WatchOptions {
  readonly paths: readonly string[];
  /** The time between two looks, in milliseconds. */
  readonly intervalMs: number;
  /**
   * Called after a change. The next look waits for its promise. Must not reject. May resolve to the error that
   * prevented reading; if that is temporary, it is called again at the next look.
   */
  readonly onChange: () => unknown;
  /** Called once for a file that has no name any more, although it can still be read. */
  readonly onDetached?: (path: string) => void;
}

export interface Watcher {
  /** Compares now instead of at the next interval (SIGHUP, tests). Resolves when `onChange`, if it was due, has ended. */
  check(): Promise<void>;
  close(): void;
}

/**
 * Watches files by polling a fingerprint (inode, size, mtime and ctime in nanoseconds). inotify would not do: it misses
 * single files that are bind-mounted into a container, symlinks that Kubernetes swaps, and network file systems; and an
 * edit within the same second leaves size and second unchanged.
 *
 * A single file that is mounted into a container stays the old one when another file takes its name outside. The old
 * one has no links then, which is how it is recognised.
 *
 * Resolves when the first fingerprint was taken: whatever the caller reads after that is current, or its change is
 * reported.
 */
export async function watchFiles({
  paths,
  intervalMs,
  onChange,
  onDetached,
}: WatchOptions): Promise<Watcher> {
  const detached = new Set<string>();
  const note = (path: string, links: bigint): void => {
    if (links > 0n) detached.delete(path);
    else if (!detached.has(path)) {
      detached.add(path);
      onDetached?.(path);
    }
  };
  let seen = await fingerprintAll(paths, note);
  let running: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    const now = await fingerprintAll(paths, note);
    if (now === seen) return;
    seen = now;
    const error = await onChange();
    if (isPassing(error)) seen = UNSEEN;
  };
  const check = (): Promise<void> => (running = running.then(look, look));

  const timer = setInterval(() => void check(), intervalMs);
  timer.unref();
  return { check, close: () => clearInterval(timer) };
}

const UNSEEN = 'not seen';
/** No descriptors, no memory, or a disk or file server that does not respond: the file itself is sound. */
const PASSING: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'EIO',
  'ESTALE',
  'ETIMEDOUT',
]);

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return PASSING.has(systemCode(error) ?? '') || isPassing(error.cause);
}

type Note = (path: string, links: bigint) => void;

async function fingerprintAll(paths: readonly string[], note: Note): Promise<string> {
  return (await Promise.all(paths.map((path) => fingerprint(path, note)))).join('|');
}

async function fingerprint(path: string, note: Note): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs, nlink } = await stat(path, { bigint: true });
    note(path, nlink);
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch {
    return 'absent';
  }
}
