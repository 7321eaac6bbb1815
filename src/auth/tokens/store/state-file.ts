import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { removeTemporaries, resolveTarget, writeFileAtomic } from '../../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { withFileLock } from '../../../lib/files/file-lock.ts';
import { isForbidden, ownershipCure } from '../../../lib/files/ownership.ts';

/** A JSON file that the gate and its commands share. */
export interface StateFile<T> {
  readonly path: string;
  /** The state if there is no file. */
  readonly empty: T;
  readonly isState: (value: unknown) => value is T;
}

interface LoadedState<T> {
  readonly state: T;
  /** Whether users other than its owner may open the file. */
  readonly exposed: boolean;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads a state file. Throws AppError STATE_INVALID if it is damaged or can't be read, FILE_UNREADABLE if it is forbidden. */
export async function readState<T>({ path, empty, isState }: StateFile<T>): Promise<LoadedState<T>> {
  const file = await readWhole(path);
  if (file === undefined) return { state: empty, exposed: false };
  const value = parseJson(file.text);
  if (!isState(value)) throw invalid(path, 'is damaged, or was written by a newer version');
  return { state: value, exposed: (file.mode & 0o077) !== 0 };
}

/**
 * Changes a state file under its lock, atomically and with mode 0600. Returns the new state. If `change` returns its
 * argument, nothing is written.
 */
export async function changeState<T>(file: StateFile<T>, change: (state: T) => T | Promise<T>): Promise<T> {
  const target = await resolveTarget(file.path);
  return withFileLock(target, async (lock) => {
    await removeTemporaries(target);
    const { state } = await readState(file);
    const next = await change(state);
    if (next === state) return state;
    const text = `${JSON.stringify(next, undefined, 2)}\n`;
    const options = { mode: 0o600, forceMode: true, beforeReplace: () => lock.assertHeld() };
    await writeFileAtomic(file.path, text, options);
    return next;
  });
}

/** Reports whether a value is an object and not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reports whether a value is a list whose members all pass. */
export function isListOf<T>(isMember: (value: unknown) => value is T, value: unknown): value is readonly T[] {
  return Array.isArray(value) && value.every(isMember);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Reports whether a value is a time in ISO 8601, as `toISOString` writes it. */
export function isMoment(value: unknown): value is string {
  return isText(value) && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value));
}

async function readWhole(path: string): Promise<{ text: string; mode: number } | undefined> {
  try {
    // Without O_NONBLOCK, opening a named pipe would block the thread until a process writes to it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size > MAX_BYTES)
        throw invalid(path, 'is no regular file of a usual size');
      return { text: await file.readFile('utf8'), mode: stats.mode };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT') return undefined;
    if (isForbidden(error)) throw forbidden(path, error);
    throw invalid(path, `can't be read (${code ?? String(error)})`, error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The file may be sound, so the hint doesn't tell to restore or to move it. */
function forbidden(path: string, cause: unknown): AppError {
  return new AppError('FILE_UNREADABLE', {
    message: `${path} can't be read (${systemCode(cause)}).`,
    hint: ownershipCure(path, 'read'),
    cause,
  });
}

function invalid(path: string, what: string, cause?: unknown): AppError {
  return new AppError('STATE_INVALID', {
    message: `${path} ${what}.`,
    hint: `Bring it back from a backup, or move it away (mv ${path} ${path}.old): the tokens in it are void then.`,
    cause,
  });
}
