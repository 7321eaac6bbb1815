import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { giveTo, ownerForNew } from './ownership.ts';

/** A file that only occupies space. It is deleted on a full disk, so that important files can still be written. */
export const RESERVE_NAME = '.reserve';

/** More than a usual file of users or keys takes. The bytes are random, since some file systems do not store zeros. */
const RESERVE_BYTES = 256 * 1024;
const PIECE_BYTES = 4096;

/** Deletes the reserve of a directory. Returns false if there is none. */
export async function releaseReserve(directory: string): Promise<boolean> {
  return rm(join(directory, RESERVE_NAME)).then(
    () => true,
    () => false,
  );
}

/** Makes sure that a directory has its reserve, as large as the disk allows. If it can't be created, the directory has none. */
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
