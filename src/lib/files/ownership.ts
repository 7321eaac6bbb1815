import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { chown, stat, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { getegid, geteuid } from 'node:process';
import { systemCode } from '../errors.ts';
import { makePath } from './make-path.ts';

/** The user and the group that a file belongs to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Returns the owner for a new file in a directory: the directory's owner if this process is root, so that this user can
 * read what root has created; undefined if no change is needed.
 */
export async function ownerForNew(directory: string): Promise<Owner | undefined> {
  if (geteuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(directory);
  return uid === 0 ? undefined : { uid, gid };
}

/** Gives a file or directory to a user. If the file system or the container does not permit it, nothing changes. */
export async function giveTo(owner: Owner | undefined, made: string | FileHandle): Promise<void> {
  if (owner === undefined) return;
  const given =
    typeof made === 'string' ? chown(made, owner.uid, owner.gid) : made.chown(owner.uid, owner.gid);
  await given.catch((error: unknown) => {
    if (!['EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error;
  });
}

/** Creates a directory with all its missing parents. If the process is root, they get the owner of the directory they are in. */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const whole = resolve(path);
  const first = await makePath(whole, mode);
  if (first === undefined) return;
  const owner = await ownerForNew(dirname(first));
  for (let made = whole; made.length >= first.length; made = dirname(made)) await giveTo(owner, made);
}

/** Reports whether the system refused something for lack of rights. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(systemCode(error) ?? '');
}

/**
 * Says what to do if the system refuses to read a file, or to write it or to create it in its directory (EACCES,
 * EPERM): who owns which file or directory, and who has to own it. Where directories are missing, only the first of
 * them is created for this user: the one around it may be `/srv`, which stays as it is. `tree` is a directory that must
 * belong to this user with all that is in it.
 */
export function ownershipCure(path: string, need: 'read' | 'write', tree?: string): string {
  const me = geteuid?.();
  const blocked = findBlocked(path, need);
  if (blocked === undefined || me === undefined)
    return `Look at who owns it: ls -ld ${nearestExisting(path)}`;
  const { uid } = statSync(blocked);
  if (uid === me) return `Its owner has no right to ${need} it: chmod u+rwX ${blocked}`;
  const other = uid === 0 ? '' : `, or run this as ${userName(uid)}`;
  const give = giveCommand({ path, blocked, need, tree, owner: [me, getegid?.() ?? me] });
  return `${blocked} belongs to ${userName(uid)}, and this runs as ${userName(me)}. ${give}${other}.`;
}

interface Blocked {
  readonly path: string;
  readonly blocked: string;
  readonly need: 'read' | 'write';
  readonly tree: string | undefined;
  readonly owner: readonly [uid: number, gid: number];
}

function giveCommand({ path, blocked, need, tree, owner: [uid, gid] }: Blocked): string {
  const missing = need === 'write' ? firstMissing(dirname(resolve(path))) : undefined;
  const isWhole = tree !== undefined && `${resolve(blocked)}/`.startsWith(`${resolve(tree)}/`);
  if (missing !== undefined && !isWhole)
    return `Make the directory for the user that the gate runs as, as root: install -d -o ${uid} -g ${gid} ${missing}`;
  const what = isWhole ? `-R ${uid}:${gid} ${tree}` : `${uid}:${gid} ${blocked}`;
  return `Give it to the user that the gate runs as, as root: chown ${what}`;
}

/** Returns why a file can't be read, in parentheses, with the cure after it if rights are missing: `(EACCES). ...`. */
export function whyUnreadable(path: string, error: unknown): string {
  const reason = `(${systemCode(error) ?? String(error)})`;
  return isForbidden(error) ? `${reason}. ${ownershipCure(path, 'read')}` : reason;
}

/** Returns the file or directory, or else the innermost directory around it that exists. */
export function nearestExisting(path: string): string {
  let at = resolve(path);
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  return at;
}

/** Returns the outermost directory of the path that does not exist, or undefined if all exist. */
function firstMissing(directory: string): string | undefined {
  let missing: string | undefined;
  for (let at = directory; !existsSync(at) && at !== dirname(at); at = dirname(at)) missing = at;
  return missing;
}

/** Returns the first directory on the path that can't be entered, or else the file or directory itself. */
function findBlocked(path: string, need: 'read' | 'write'): string | undefined {
  const directories: string[] = [];
  for (let at = dirname(resolve(path)); at !== dirname(at); at = dirname(at)) directories.unshift(at);
  const closed = directories.find((directory) => !isAllowed(directory, constants.X_OK));
  if (closed !== undefined) return closed;
  if (need === 'read') return isAllowed(path, constants.R_OK) ? undefined : path;
  const directory = nearestExisting(dirname(path));
  if (!isAllowed(directory, constants.W_OK | constants.X_OK)) return directory;
  return isAllowed(path, constants.W_OK) ? undefined : path;
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch (error) {
    return !isForbidden(error);
  }
}

/** Returns `gate (uid 1000)`, or the number alone if the machine has no name for it. */
function userName(uid: number): string {
  const line = passwd()
    .split('\n')
    .find((it) => it.split(':')[2] === String(uid));
  return line === undefined ? `uid ${uid}` : `${line.split(':')[0]} (uid ${uid})`;
}

function passwd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
