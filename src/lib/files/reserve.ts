import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { giveTo, ownerForNew } from './ownership.ts';

/** A file that holds space and nothing else: given back on a full disk, so that what has to be written there can be. */
export const RESERVE_NAME = '.reserve';

/** More than any file of users or keys that is usual; random, since some file systems keep no zeros. */
const RESERVE_BYTES = 256 * 1024;
const PIECE_BYTES = 4096;

/** Gives the reserve of a directory back. False where there is none. */
export async function releaseReserve(directory: string): Promise<boolean> {
  return rm(join(directory, RESERVE_NAME)).then(
    () => true,
    () => false,
  );
}

/** Makes sure that a directory has its reserve, of as much as the disk has. A reserve is a precaution: where it can't be made, there is none. */
export async function keepReserve(directory: string): Promise<void> {
  const path = join(directory, RESERVE_NAME);
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && found.size >= RESERVE_BYTES) return;
  try {
    const file = await open(path, 'a', 0o600);
    try {
      await giveTo(await ownerForNew(directory), file);
      for (let size = found?.size ?? 0; size < RESERVE_BYTES; size += PIECE_BYTES) {
        await file.write(randomBytes(PIECE_BYTES));
      }
    } finally {
      await file.close();
    }
  } catch {
    // A full or a read-only disk.
  }
}
