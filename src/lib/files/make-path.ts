import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';

const TRIES = 8;

/**
 * Makes a folder with all above it, as `mkdir -p`. Resolves to the first that was new, written as `path` is. Should another
 * process remove one on the way at this moment, it begins again. In the place of `mkdir` with `recursive`, which asks for
 * ever where the system says that something is not there although all above it is (below /proc, and in other file systems
 * in which no folder can be made), and says ENOENT where it meets a read-only file system.
 */
export async function makePath(path: string, mode: number): Promise<string | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await makeEach(path, mode);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || tries === TRIES) throw error;
    }
  }
}

async function makeEach(folder: string, mode: number): Promise<string | undefined> {
  if (await tryToMake(folder, mode)) return folder;
  if (await isFolder(folder)) return undefined;
  const above = dirname(folder);
  const first = above === folder ? undefined : await makeEach(above, mode);
  // Once more, and only once: what is above is there now.
  await mkdir(folder, { mode }).catch(async (error: unknown) => {
    if (systemCode(error) !== 'EEXIST' || !(await isFolder(folder))) throw error;
  });
  return first ?? folder;
}

/** False where it is there already, or what is above it is not. */
async function tryToMake(folder: string, mode: number): Promise<boolean> {
  try {
    await mkdir(folder, { mode });
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EEXIST') return false;
    // A file system that is mounted for reading says so before it says that the folder is there.
    if (await isFolder(folder)) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
