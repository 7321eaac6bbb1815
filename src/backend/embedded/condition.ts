import { access, constants, stat, statfs } from 'node:fs/promises';
import { causeOf } from './disk/faults.ts';
import { LEAST_FREE_BYTES } from './store/open-uploads.ts';
import type { Paths } from './disk/paths.ts';

/** Returns why pulls would fail, or undefined. */
export async function unreadableReason({ blobs, repositories }: Paths): Promise<string | undefined> {
  try {
    for (const folder of [blobs, repositories]) await access(folder, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `the folder of the registry can't be read (${causeOf(error)})`;
  }
}

/** Returns why pushes fail or may fail while pulls work, or undefined. */
export async function unwritableReason({ staging }: Paths): Promise<string | undefined> {
  try {
    await access(staging, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(staging);
    return spaceReason(bavail * bsize);
  } catch (error) {
    const code = causeOf(error);
    return code === 'EROFS'
      ? 'the file system of the registry is read-only: pulls work, pushes and deletions are refused; mount it for writing'
      : `the folder of the registry can't be written (${code}): pulls work, pushes and deletions are refused`;
  }
}

function spaceReason(free: number): string | undefined {
  if (free >= LEAST_FREE_BYTES) return undefined;
  const cure = 'free some space, or give back what no image needs: registry-gate gc';
  if (free === 0) return `the disk of the registry is full: pulls work, pushes are refused; ${cure}`;
  const left = `${(free / 2 ** 20).toFixed(1)} MiB`;
  return `the disk of the registry has ${left} left: pulls work, pushes of more are refused; ${cure}`;
}

/** Returns a warning when other users of this machine can read the folder, or undefined. */
export async function permissionWarning(directory: string): Promise<string | undefined> {
  const { mode } = await stat(directory);
  if ((mode & 0o007) === 0) return undefined;
  const rights = (mode & 0o777).toString(8).padStart(4, '0');
  return `${directory} has mode ${rights}: every user of this machine can read the images in it. Close it: chmod -R o= ${directory}`;
}
