import { open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskSyncs } from '../../../lib/files/disk-sync.ts';
import { systemCode } from '../../../lib/errors.ts';
import { makePath } from '../../../lib/files/make-path.ts';

/** Modes of every folder and file with data: the owner writes, the group reads, others have no access. */
export const FOLDER_MODE = 0o750;
export const FILE_MODE = 0o640;

/** Folders with a new child folder that is not synced yet. Shared by all requests of this process. */
const unconfirmed = new Set<string>();
/** Syncs that have not begun yet. Requests for the same folder share them. */
const queued = new Map<string, Promise<void>>();

/**
 * Creates a folder and its parents. Returns the folders to sync (`syncFolders`) before anything in the new one counts
 * as stored; these include parents that a concurrent request has just created.
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

/** Syncs several folders at the same time, each once. */
export async function syncFolders(paths: Iterable<string>): Promise<void> {
  const syncs = [...new Set(paths)].map(syncFolder);
  await Promise.allSettled(syncs);
  await Promise.all(syncs);
}

/** Makes renames and new files in a folder survive a power failure, if they were made before this call. */
export function syncFolder(path: string): Promise<void> {
  const joined = queued.get(path);
  if (joined !== undefined) return joined;
  let hasBegun = false;
  const sync = diskSyncs.run(() => {
    hasBegun = true;
    queued.delete(path);
    return confirm(path);
  });
  // A sync that has begun may miss later renames.
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

/** Some network file systems can't sync a folder. Their errors are ignored. */
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

/** Removes a folder if it is empty. Returns false if it is not empty or does not exist. */
export async function removeIfEmpty(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}
