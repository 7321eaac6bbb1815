import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';

/** The user that a first start made, for as long as nobody has signed in as this user. */
export interface FirstUserMark {
  readonly name: string;
  /** SHA-256 of the entry's hash, in hex: with another password the mark is void. */
  readonly entry: string;
}

/** Where the mark stands in a state directory. */
export function firstUserFile(state: string): string {
  return join(state, 'first-user.json');
}

/** Notes that this user was made and has not signed in yet. `hash` is the text of the htpasswd entry. */
export async function markFirstUser(path: string, name: string, hash: string): Promise<void> {
  const mark: FirstUserMark = { name, entry: digestOf(hash) };
  await writeFileAtomic(path, `${JSON.stringify(mark)}\n`, { mode: 0o600 });
}

/** The mark, or undefined where there is none or none that can be read: it is a reminder, and nothing depends on it. */
export async function readFirstUserMark(path: string): Promise<FirstUserMark | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isMark(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the user still has the password that the first start gave. */
export function isStillFirst({ entry }: FirstUserMark, hash: string): boolean {
  return entry === digestOf(hash);
}

/** Takes the mark away. */
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
