import { randomBytes } from 'node:crypto';
import { open, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemCode } from '../../lib/errors.ts';
import { makePath } from '../../lib/files/make-path.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { ALGORITHMS } from '../../oci/digest.ts';

/** The folder of incomplete blobs. */
export const FILLING = 'filling';

const FOLDERS = [...ALGORITHMS, FILLING];

/**
 * Creates the folders of a cache and removes incomplete blobs of earlier processes. A process that is filling one at
 * this moment loses it. Throws AppError FILE_UNWRITABLE.
 */
export async function makeRoot(directory: string): Promise<void> {
  const filling = join(directory, FILLING);
  try {
    await makeFolders(directory);
    for (const name of await readdir(filling)) await rm(join(filling, name), { force: true });
    for (const name of FOLDERS) await tryToWrite(join(directory, name));
  } catch (error) {
    throw new AppError('FILE_UNWRITABLE', {
      message: `The cache in ${directory} can't be written (${systemCode(error) ?? String(error)}).`,
      hint: isForbidden(error)
        ? `${ownershipCure(filling, 'write', directory)} Or go without --cache.`
        : `Check who owns ${directory}, that it is a directory, and that its disk is mounted for writing; or go without --cache.`,
      cause: error,
    });
  }
}

/** Creates missing folders. */
export async function makeFolders(directory: string): Promise<void> {
  for (const name of ['', ...FOLDERS]) await makePath(join(directory, name), 0o700);
}

/**
 * Tries to write: the permissions that a file system reports are not always those that it grants. A full disk is no
 * error, since pulls then bypass the cache.
 */
async function tryToWrite(folder: string): Promise<void> {
  const path = join(folder, `.try-${randomBytes(6).toString('hex')}`);
  try {
    await (await open(path, 'wx', 0o600)).close();
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOSPC' && systemCode(error) !== 'EDQUOT') throw error;
  }
}
