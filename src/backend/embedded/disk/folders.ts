import { open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskSyncs } from '../../../lib/files/disk-sync.ts';
import { systemCode } from '../../../lib/errors.ts';
import { makePath } from '../../../lib/files/make-path.ts';

/** Of every folder and file with data: the owner writes, the group reads, nobody else gets in. */
export const FOLDER_MODE = 0o750;
export const FILE_MODE = 0o640;

/** Folders in which a folder was made that a power cut could still take away. Shared by all requests of this process. */
const unconfirmed = new Set<string>();
/** Syncs that have not begun yet: whoever asks for the same folder meanwhile is served by the same one. */
const queued = new Map<string, Promise<void>>();

/**
 * Makes a folder with all above it. Resolves to the folders that have to be forced to the disk (`syncFolders`) before
 * anything in the new one counts as kept: also those in which another request has just made a part of the way.
 */
export async function makeFolder(path: string): Promise<readonly string[]> {
  const first = await makePath(path, FOLDER_MODE);
  if (first !== undefined) {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      unconfirmed.add(folder);
      if (folder.length < first.length) break;
    }
  }
  return unconfirmed.size === 0 ? [] : ancestorsOf(path).filter((folder) => unconfirmed.has(folder));
}

function ancestorsOf(path: string): string[] {
  const found: string[] = [];
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) found.push(folder);
  return found;
}

/** Forces several folders to the disk, at the same time; each once. */
export async function syncFolders(paths: Iterable<string>): Promise<void> {
  const syncs = [...new Set(paths)].map(syncFolder);
  await Promise.allSettled(syncs);
  await Promise.all(syncs);
}

/** What was renamed or made in a folder before this call survives a power cut. */
export function syncFolder(path: string): Promise<void> {
  const joined = queued.get(path);
  if (joined !== undefined) return joined;
  let hasBegun = false;
  const sync = diskSyncs.run(() => {
    hasBegun = true;
    queued.delete(path);
    return confirm(path);
  });
  // What has begun may not see what is renamed from now on.
  if (!hasBegun) queued.set(path, sync);
  return sync;
}

async function confirm(path: string): Promise<void> {
  const wasMade = unconfirmed.delete(path);
  try {
    await syncNow(path);
  } catch (error) {
    if (wasMade) unconfirmed.add(path);
    throw error;
  }
}

/** Some network file systems can't force a folder to the disk; they have no more to offer. */
async function syncNow(path: string): Promise<void> {
  const folder = await open(path, 'r').catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error;
  });
  if (folder === undefined) return;
  try {
    await folder.sync();
  } catch (error) {
    if (systemCode(error) !== 'EINVAL' && systemCode(error) !== 'ENOTSUP') throw error;
  } finally {
    await folder.close();
  }
}

/** Removes a folder in which nothing is. False for one that is not empty, or not there. */
export async function removeIfEmpty(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}
