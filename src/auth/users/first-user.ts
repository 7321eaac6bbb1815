import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';

/** The user that the first start made. The mark is removed when this user signs in. */
interface FirstUserMark {
  readonly name: string;
  /** SHA-256 of the stored hash, in hex. With another password the mark is void. */
  readonly entry: string;
}

/** Returns the path of the mark in a state directory. */
export function firstUserFile(state: string): string {
  return join(state, 'first-user.json');
}

/** Writes the mark of a new user. `hash` is the text of the htpasswd entry. */
export async function markFirstUser(path: string, name: string, hash: string): Promise<void> {
  const mark: FirstUserMark = { name, entry: digestOf(hash) };
  await writeFileAtomic(path, `${JSON.stringify(mark)}\n`, { mode: 0o600 });
}

/** Reads the mark. Undefined if there is none or it can't be read: it is a reminder on which nothing depends. */
export async function readFirstUserMark(path: string): Promise<FirstUserMark | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isMark(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reports whether the user still has the password of the first start. */
export function isStillFirst({ entry }: FirstUserMark, hash: string): boolean {
  return entry === digestOf(hash);
}

/** Removes the mark. */
export async function removeFirstUserMark(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

function digestOf(hash: string): string {
  return createHash('sha256').update(hash).digest('hex');
}

function isMark(value: unknown): value is FirstUserMark {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('entry' in value)) return false;
  return typeof value.name === 'string' && typeof value.entry === 'string';
}
