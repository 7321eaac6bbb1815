import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';

const TRIES = 8;

/**
 * Creates a directory with all its parents, as `mkdir -p`. Resolves to the first one that was new, written as `path`
 * is. If another process removes one of them meanwhile, it starts again. `mkdir` with `recursive` would loop forever
 * where the system says ENOENT although all parents exist (below /proc, and in other file systems that allow no
 * directories), and says ENOENT for a read-only file system.
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
  // Once more, and only once: the parents exist now.
  await mkdir(folder, { mode }).catch(async (error: unknown) => {
    if (systemCode(error) !== 'EEXIST' || !(await isFolder(folder))) throw error;
  });
  return first ?? folder;
}

/** Returns false if the directory exists already, or its parent does not. */
async function tryToMake(folder: string, mode: number): Promise<boolean> {
  try {
    await mkdir(folder, { mode });
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EEXIST') return false;
    // A read-only file system reports that before it reports that the directory exists.
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
