import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './errors.ts';

const TRIES = 8;

/**
 * Makes a folder with all above it, as `mkdir -p`. Resolves to the first that was new. Should another process remove one
 * on the way at this moment, it begins again. Rejects with what is really in the way: Node.js says ENOENT where a
 * recursive mkdir meets a read-only file system.
 */
export async function makePath(path: string, mode: number): Promise<string | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await mkdir(path, { recursive: true, mode });
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || tries === TRIES) throw error;
      await explainAbsence(path, mode);
    }
  }
}

/** Makes the folders one by one, and throws where that fails for another reason than a folder that has just gone. */
async function explainAbsence(path: string, mode: number): Promise<void> {
  const folders = [path];
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder))
    folders.unshift(folder);
  for (const folder of folders) {
    try {
      await mkdir(folder, { mode });
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT') return;
      if (code !== 'EEXIST') throw error;
    }
  }
}
