import { stat } from 'node:fs/promises';
import { systemCode } from '../errors.ts';

export interface WatchOptions {
  readonly paths: readonly string[];
  /** Time between two looks, in milliseconds. */
  readonly intervalMs: number;
  /**
   * Called after a change was seen; the next look waits for its promise. Must not reject. May resolve to the error that
   * kept it from reading: where that passes by itself, it is called again at the next look.
   */
  readonly onChange: () => unknown;
  /** Called once for a file that has no name any more, although it can still be read here. */
  readonly onDetached?: (path: string) => void;
}

export interface Watcher {
  /** Compare now instead of at the next interval (SIGHUP, tests). Resolves when `onChange`, if it was due, has run. */
  check(): Promise<void>;
  close(): void;
}

/**
 * Watches files by polling a fingerprint (inode, size, mtime and ctime in nanoseconds). Polling is the truth here, not
 * a fallback: inotify misses single files that are bind-mounted into a container, symlinks that Kubernetes swaps and
 * network file systems, and an edit within the same second leaves the size and the second alike.
 *
 * A file that is mounted by itself into a container stays the old one when its name is given to another outside. The old
 * one has no links then, which is how it is noticed.
 *
 * Resolves once the first fingerprint is taken: what the caller reads after that is either current or reported.
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
/** No descriptors, no memory, a disk or a server behind the network that does not answer: nothing is wrong with the file. */
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
