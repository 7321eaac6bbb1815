import { lstat, lutimes, open, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { unwritableHint } from './atomic-file.ts';
import { AppError, systemCode } from '../errors.ts';
import { giveTo, ownerForNew } from './ownership.ts';
import { describeSelf, describeSelfShortly, isHolderDead, nameHolder } from './process-identity.ts';

interface FileLockOptions {
  /** How long to wait for another holder, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long a lock whose holder can't be checked may stay untouched before it counts as abandoned, in milliseconds. */
  readonly staleMs?: number;
}

interface HeldLock {
  /** Throws AppError LOCK_TIMEOUT if another process took the lock: this process must have been suspended for very long. */
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
 * Runs an action while no other process on any host runs one for the same path. A file `.NAME.lock` beside it, created
 * with O_EXCL, names the holder. A holder that died in the same process namespace is recognised at once (by the number
 * and start time of the process), any other one by a lock file that was not touched for a while by this process's own
 * clock. On a full disk, which has no room for the file's content, the lock is a symbolic link. Throws AppError
 * LOCK_TIMEOUT if a living holder keeps the lock for too long, and FILE_UNWRITABLE if no lock can be created.
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
    // It was released meanwhile; or the name is taken and leads nowhere, such as a link to a file that is gone.
    if (sight === undefined) await pause(1);
    else if (isStale(sight) || (await isHolderDead(sight.text))) await breakLock(path, sight, isGuardStale);
    else await pause(5 + Math.floor(Math.random() * 25));
  }
}

/** Returns the lock, or undefined if there is one already. Leaves nothing behind if it can't be written whole. */
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
    // Every other process that waits for it must be able to read it.
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

/** A file needs a block for its first byte. A short symbolic link is stored in the inode, which a full disk still has. */
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
 * Reports whether a lock was the same at every look for `staleMs`, or for a fifth of that if it has no content, since
 * writing it takes no time. The clocks of other hosts do not matter.
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
 * Removes a lock that was found abandoned. Only one process may do so at a time, and it looks once more: it must remove
 * the abandoned lock, not one that a faster process has created since.
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

/** Releases a lock, unless another process took it. If it can't be removed, the next process recognises it as abandoned. */
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
