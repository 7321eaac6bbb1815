import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, systemCode } from './errors.ts';

export interface WriteOptions {
  /** Mode of a new file. An existing file keeps its own mode and owner unless `forceMode` is set. */
  readonly mode: number;
  /** Apply `mode` to an existing file too: private keys. */
  readonly forceMode?: boolean;
}

/**
 * Replaces a file so that whoever reads it, at whatever moment, a power cut included, sees all of the old content or
 * all of the new: temporary file beside it, fsync, rename, fsync of the directory. A symbolic link stays a link; its
 * target is replaced.
 *
 * Throws AppError FILE_BUSY for a file that is a mount of its own (rename answers EBUSY), FILE_UNWRITABLE for the rest.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Buffer,
  options: WriteOptions,
): Promise<void> {
  const target = await followLink(path);
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeTemporary(temporary, data, target, options);
    await rename(temporary, target);
    await syncDirectory(dirname(target));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw explain(error, path);
  }
}

async function writeTemporary(
  temporary: string,
  data: string | Buffer,
  target: string,
  options: WriteOptions,
): Promise<void> {
  const old = await stat(target).catch(() => undefined);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(data);
    if (old !== undefined) await keepOwner(file, old.uid, old.gid);
    await file.chmod(old === undefined || options.forceMode === true ? options.mode : old.mode & 0o777);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Keeps the owner where we may. Without the right to give files away the new file is ours, which the write needs anyway. */
async function keepOwner(file: FileHandle, uid: number, gid: number): Promise<void> {
  await file.chown(uid, gid).catch((error: unknown) => {
    if (systemCode(error) !== 'EPERM') throw error;
  });
}

async function followLink(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function explain(error: unknown, path: string): AppError {
  const code = systemCode(error);
  if (code === 'EBUSY') {
    return new AppError('FILE_BUSY', {
      message: `${path} can't be replaced: it is mounted as a single file.`,
      hint: 'Mount the directory that holds it instead of the file, then try again.',
      cause: error,
    });
  }
  return new AppError('FILE_UNWRITABLE', {
    message: `${path} can't be written (${code ?? String(error)}). The old content is untouched.`,
    hint:
      code === 'ENOSPC'
        ? 'Free some space on that disk, then try again.'
        : `Check who owns ${dirname(path)} and that it is writable.`,
    cause: error,
  });
}
