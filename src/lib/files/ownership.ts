import { accessSync, constants, readFileSync, statSync } from 'node:fs';
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

/** Says what to do if the system refuses to read a file, or to write to its directory (EACCES, EPERM): who owns which file or directory, and who has to own it. */
export function ownershipCure(path: string, need: 'read' | 'write'): string {
  const me = geteuid?.();
  const blocked = findBlocked(path, need);
  if (blocked === undefined || me === undefined)
    return `Look at who owns it: ls -ld ${path} ${dirname(path)}`;
  const { uid } = statSync(blocked);
  if (uid === me) return `Its owner has no right to ${need} it: chmod u+rwX ${blocked}`;
  const other = uid === 0 ? '' : `, or run this as ${userName(uid)}`;
  return `${blocked} belongs to ${userName(uid)}, and this runs as ${userName(me)}. Give it to the user that the gate runs as, as root: chown ${me}:${getegid?.() ?? me} ${blocked}${other}.`;
}

/** Returns the first directory on the path that can't be entered, or else the file or directory itself. */
function findBlocked(path: string, need: 'read' | 'write'): string | undefined {
  const directories: string[] = [];
  for (let at = dirname(resolve(path)); at !== dirname(at); at = dirname(at)) directories.unshift(at);
  const closed = directories.find((directory) => !isAllowed(directory, constants.X_OK));
  if (closed !== undefined) return closed;
  const [target, mode] =
    need === 'read' ? [path, constants.R_OK] : [dirname(resolve(path)), constants.W_OK | constants.X_OK];
  return isAllowed(target, mode) ? undefined : target;
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
