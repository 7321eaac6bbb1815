import { randomUUID } from 'node:crypto';
import { open, readFile, readlink, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pid } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { unwritableHint } from './atomic-file.ts';
import { AppError, systemCode } from './errors.ts';
import { giveTo, ownerForNew } from './ownership.ts';

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

const UNKNOWN = '-';

type StaleWatch = (sight: Sight) => boolean;

const HINT = 'If no other command is at work on it, delete that lock file, then try again.';

/**
 * Runs an action while no other process on any host runs one for the same path: a file `.NAME.lock` beside it, made
 * with O_EXCL, says who holds it. A holder that died in the same process namespace is recognised at once (number and
 * start time of the process), any other by a lock file that nobody has touched for a while, judged by this process's
 * own clock. Throws AppError LOCK_TIMEOUT when another holder is alive for too long, FILE_UNWRITABLE where no lock can be made.
 */
export async function withFileLock<T>(
  path: string,
  action: (lock: HeldLock) => Promise<T>,
  { timeoutMs = 30_000, staleMs = 5000 }: FileLockOptions = {},
): Promise<T> {
  const lock = { path: join(dirname(path), `.${basename(path)}.lock`), text: await describeSelf() };
  await acquire(lock, timeoutMs, staleMs);
  const heartbeat = setInterval(() => void touch(lock.path), staleMs / 5);
  heartbeat.unref();
  try {
    return await action({ assertHeld: () => assertHeld(lock) });
  } finally {
    clearInterval(heartbeat);
    await release(lock);
  }
}

async function acquire(lock: Lock, timeoutMs: number, staleMs: number): Promise<void> {
  const isStale = createStaleWatch(staleMs);
  const isGuardStale = createStaleWatch(staleMs);
  const deadline = performance.now() + timeoutMs;
  while (!(await tryCreate(lock))) {
    const sight = await look(lock.path);
    if (sight === undefined) continue;
    if (performance.now() > deadline) throw timedOut(lock.path, sight.text);
    if (isStale(sight) || (await isHolderDead(sight.text))) await breakLock(lock.path, sight, isGuardStale);
    else await pause(5 + Math.floor(Math.random() * 25));
  }
}

/** True when the lock was made. Leaves nothing behind when it can't be made whole. */
async function tryCreate({ path, text }: Lock): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o644);
    try {
      await file
        .writeFile(text)
        .then(async () => giveTo(await ownerForNew(dirname(path)), file))
        .finally(() => file.close());
      return true;
    } catch (error) {
      await remove(path);
      throw error;
    }
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw unwritable(path, error);
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
  const guard = { path: `${path}.break`, text: await describeSelf() };
  if (await tryCreate(guard)) {
    const sight = await look(path);
    if (sight?.text === dead.text && sight.mtimeNs === dead.mtimeNs) await remove(path);
    await release(guard);
    return;
  }
  const other = await look(guard.path);
  if (other === undefined) return;
  if (isGuardStale(other) || (await isHolderDead(other.text))) await remove(guard.path);
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
    const { mtimeNs } = await stat(path, { bigint: true });
    return { text: await readFile(path, 'utf8'), mtimeNs };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unwritable(path, error);
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

/** `HOST NAMESPACE PID START NONCE`: who this process is, to all who can see the same `/proc`. */
async function describeSelf(): Promise<string> {
  return [hostname(), await processSpace(), pid, (await startTime(pid)) ?? UNKNOWN, randomUUID()].join(' ');
}

/** False where it can't be told: another host or process namespace, no /proc, or one that hides the processes of others. */
async function isHolderDead(text: string): Promise<boolean> {
  const [host, space, holder, start] = text.split(' ');
  if (start === undefined || start === UNKNOWN || space === UNKNOWN) return false;
  if (host !== hostname() || space !== (await processSpace()) || !isSeen(await startTime(1))) return false;
  const found = await startTime(Number(holder));
  return found !== UNKNOWN && found !== start;
}

function isSeen(start: string | undefined): boolean {
  return start !== undefined && start !== UNKNOWN;
}

/** Names the running kernel and the process namespace: within these a process number means one process. */
async function processSpace(): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return UNKNOWN;
  }
}

/** When a process started, in ticks since the kernel did (proc(5), stat, field 22); undefined for one that can't be seen, `-` where it can't be told. */
async function startTime(process: number): Promise<string | undefined> {
  try {
    const line = await readFile(`/proc/${process}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(systemCode(error) ?? '') ? undefined : UNKNOWN;
  }
}

function timedOut(path: string, holder: string): AppError {
  const [host, , number] = holder.split(' ');
  const who = number === undefined ? holder : `process ${number} on ${host}`;
  return new AppError('LOCK_TIMEOUT', {
    message: `${path} is held by ${who || 'an unknown process'}.`,
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
