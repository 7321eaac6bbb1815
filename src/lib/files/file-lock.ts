import { lstat, lutimes, open, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { unwritableHint } from './atomic-file.ts';
import { AppError, systemCode } from '../errors.ts';
import { giveTo, ownerForNew } from './ownership.ts';
import { describeSelf, describeSelfShortly, isHolderDead, nameHolder } from './process-identity.ts';

export interface FileLockOptions {
  /** How long to wait for another holder, in milliseconds. */
  readonly timeoutMs?: number;
  /** A lock whose holder can't be asked is given up when it has shown no sign of life for this long, in milliseconds. */
  readonly staleMs?: number;
}

export interface HeldLock {
  /** Throws AppError LOCK_TIMEOUT if somebody took the lock away: this process must have stood still for very long. */
  assertHeld(): Promise<void>;
}

interface Lock {
  readonly path: string;
  readonly text: string;
}

interface Sight {
  readonly text: string;
  readonly mtimeNs: bigint;
}

type StaleWatch = (sight: Sight) => boolean;

const HINT = 'If no other command is at work on it, delete that lock file, then try again.';

/**
 * Runs an action while no other process on any host runs one for the same path: a file `.NAME.lock` beside it, made
 * with O_EXCL, says who holds it. A holder that died in the same process namespace is recognised at once (number and
 * start time of the process), any other by a lock file that nobody has touched for a while, judged by this process's
 * own clock. On a full disk, where the file has no room for a word, it is a symbolic link that says it. Throws AppError LOCK_TIMEOUT when another holder is alive for too long, FILE_UNWRITABLE where no lock can be made.
 */
export async function withFileLock<T>(
  path: string,
  action: (lock: HeldLock) => Promise<T>,
  { timeoutMs = 30_000, staleMs = 5000 }: FileLockOptions = {},
): Promise<T> {
  const lock = await acquire(join(dirname(path), `.${basename(path)}.lock`), timeoutMs, staleMs);
  const heartbeat = setInterval(() => void touch(lock.path), staleMs / 5);
  heartbeat.unref();
  try {
    return await action({ assertHeld: () => assertHeld(lock) });
  } finally {
    clearInterval(heartbeat);
    await release(lock);
  }
}

async function acquire(path: string, timeoutMs: number, staleMs: number): Promise<Lock> {
  const isStale = createStaleWatch(staleMs);
  const isGuardStale = createStaleWatch(staleMs);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const lock = await tryCreate(path);
    if (lock !== undefined) return lock;
    const sight = await look(path);
    if (performance.now() > deadline) throw timedOut(path, sight?.text ?? '');
    // Given back in between; or a name that is taken and leads nowhere, such as a link to a file that is gone.
    if (sight === undefined) await pause(1);
    else if (isStale(sight) || (await isHolderDead(sight.text))) await breakLock(path, sight, isGuardStale);
    else await pause(5 + Math.floor(Math.random() * 25));
  }
}

/** The lock, or undefined where there is one already. Leaves nothing behind when it can't be made whole. */
async function tryCreate(path: string): Promise<Lock | undefined> {
  try {
    return { path, text: await createFile(path) };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return undefined;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw unwritable(path, error);
    return tryLink(path, error);
  }
}

async function createFile(path: string): Promise<string> {
  const text = await describeSelf();
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(text);
    // Whoever else waits for it has to read it.
    await file.chmod(0o644);
    await giveTo(await ownerForNew(dirname(path)), file);
    return text;
  } catch (error) {
    await remove(path);
    throw error;
  } finally {
    await file.close();
  }
}

/** A file needs a block for its first byte; a short symbolic link lies in the entry itself, which a full disk still has. */
async function tryLink(path: string, full: unknown): Promise<Lock | undefined> {
  const text = await describeSelfShortly();
  try {
    await symlink(text, path);
    return { path, text };
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return undefined;
    throw unwritable(path, full);
  }
}

/**
 * Tells a lock that was the same at every look for `staleMs`, a fifth of that if nobody has signed it, which takes no
 * time; the clocks of other hosts play no part.
 */
function createStaleWatch(staleMs: number): StaleWatch {
  let first: Sight | undefined;
  let since = 0;
  return (sight) => {
    if (first === undefined || first.text !== sight.text || first.mtimeNs !== sight.mtimeNs) {
      first = sight;
      since = performance.now();
    }
    return performance.now() - since > (sight.text === '' ? staleMs / 5 : staleMs);
  };
}

/**
 * Removes a lock that was found dead. Only one process may at a time, and it looks once more: what it removes is the
 * dead lock, not the one that a faster process has made since.
 */
async function breakLock(path: string, dead: Sight, isGuardStale: StaleWatch): Promise<void> {
  const guard = await tryCreate(`${path}.break`);
  if (guard !== undefined) {
    const sight = await look(path);
    if (sight?.text === dead.text && sight.mtimeNs === dead.mtimeNs) await remove(path);
    await release(guard);
    return;
  }
  const other = await look(`${path}.break`);
  if (other === undefined) return;
  if (isGuardStale(other) || (await isHolderDead(other.text))) await remove(`${path}.break`);
  else await pause(10);
}

/** Gives a lock back, unless it was taken away. What can't be removed is recognised as dead by the next. */
async function release({ path, text }: Lock): Promise<void> {
  const sight = await look(path).catch(() => undefined);
  if (sight?.text === text) await remove(path);
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

async function assertHeld({ path, text }: Lock): Promise<void> {
  if ((await look(path))?.text !== text) throw timedOut(path, 'another process');
}

async function look(path: string): Promise<Sight | undefined> {
  try {
    const found = await lstat(path, { bigint: true });
    const text = found.isSymbolicLink() ? await readlink(path) : await readFile(path, 'utf8');
    return { text, mtimeNs: found.mtimeNs };
  } catch (error) {
    // EINVAL: a link became a file in between.
    if (['ENOENT', 'EINVAL'].includes(systemCode(error) ?? '')) return undefined;
    throw unwritable(path, error);
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await lutimes(path, now, now).catch(() => undefined);
}

function timedOut(path: string, holder: string): AppError {
  return new AppError('LOCK_TIMEOUT', {
    message: `${path} is held by ${nameHolder(holder)}.`,
    hint: HINT,
  });
}

function unwritable(path: string, cause: unknown): AppError {
  const code = systemCode(cause) ?? String(cause);
  if (code === 'ENOENT') {
    return new AppError('FILE_UNWRITABLE', {
      message: `The directory ${dirname(path)} does not exist.`,
      hint: `Make it first: mkdir -p ${dirname(path)}`,
      cause,
    });
  }
  return new AppError('FILE_UNWRITABLE', {
    message: `The lock file ${path} can't be made (${code}). Nothing was changed.`,
    hint: unwritableHint(code, path),
    cause,
  });
}
