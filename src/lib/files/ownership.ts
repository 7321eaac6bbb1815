import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { chown, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
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
 * The owner that something new in a directory should have: that of the directory where this process is root, so that the
 * user whose directory it is can read what root has made. Undefined where what is made belongs to the right user anyway.
 */
export async function ownerForNew(directory: string): Promise<Owner | undefined> {
  if (geteuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(directory);
  return uid === 0 ? undefined : { uid, gid };
}

/** Gives a file or directory to a user. A file system or a container may not permit it, and then it stays as it is. */
export async function giveTo(owner: Owner | undefined, made: string | FileHandle): Promise<void> {
  if (owner === undefined) return;
  const given =
    typeof made === 'string' ? chown(made, owner.uid, owner.gid) : made.chown(owner.uid, owner.gid);
  await given.catch((error: unknown) => {
    if (!['EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error;
  });
}

/** Makes a directory with all above it that are missing. As root, they get the owner of the one that they stand in. */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const whole = resolve(path);
  const first = await makePath(whole, mode);
  if (first === undefined) return;
  const owner = await ownerForNew(dirname(first));
  for (let made = whole; made.length >= first.length; made = dirname(made)) await giveTo(owner, made);
}

/** Whether the system refused something for want of rights. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(systemCode(error) ?? '');
}

/**
 * What to do where the system refuses to read a file, or to write in its directory (EACCES, EPERM): which file or
 * directory belongs to whom, and to whom it has to belong.
 */
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

/** The first directory on the way that can't be entered, else what can't be read or written itself. */
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

/** `gate (uid 1000)`, or the number alone where the machine has no name for it. */
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
