import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, systemCode } from '../errors.ts';
import { giveTo, ownerForNew, ownershipCure } from './ownership.ts';
import { keepReserve, releaseReserve } from './reserve.ts';

interface WriteOptions {
  /** The mode of a new file, which root gives to the owner of its directory. An existing file keeps its owner, and its mode unless `forceMode` is set. */
  readonly mode: number;
  /** Whether `mode` applies to an existing file too, as for private keys. */
  readonly forceMode?: boolean;
  /** Called when the new content is written beside the file. If it throws, the file is not replaced. */
  readonly beforeReplace?: () => Promise<void>;
}

/**
 * Replaces a file so that readers see either all of the old content or all of the new, even after a power failure: it
 * writes a temporary file beside it, syncs that, renames it and syncs the directory. A symbolic link stays a link; its
 * target is replaced.
 *
 * Throws AppError FILE_BUSY for a file that is a mount of its own (rename fails with EBUSY): a write in place could be
 * cut off half way, and a copy would not outlive the container. Throws FILE_UNWRITABLE for other failures.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Buffer,
  options: WriteOptions,
): Promise<void> {
  const target = await resolveTarget(path);
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  let released = false;
  try {
    released = await writeOrRelease(temporary, data, target, options);
    await options.beforeReplace?.();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error instanceof AppError ? error : explain(error, path);
  }
  await syncDirectory(dirname(target)).catch((error: unknown) => {
    throw unconfirmed(error, path);
  });
  if (released) await keepReserve(dirname(target));
}

/** Returns the file that a path stands for, with links followed, even if the last one leads to nothing yet. */
export async function resolveTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw explain(error, path);
  }
  const link = await lstat(path).catch(() => undefined);
  if (link?.isSymbolicLink() !== true) return resolve(path);
  return resolve(dirname(path), await readlink(path));
}

/** Removes what killed writers left beside a file. The caller must keep other writers of the file away (withFileLock). */
export async function removeTemporaries(path: string): Promise<void> {
  const target = await resolveTarget(path);
  const [before, after] = [`.${basename(target)}.`, '.tmp'];
  const names = await readdir(dirname(target)).catch(() => []);
  const litter = names.filter((name) => {
    const middle = name.slice(before.length, -after.length);
    return name.startsWith(before) && name.endsWith(after) && /^[0-9a-f]{12}$/.test(middle);
  });
  await Promise.all(
    litter.map((name) => rm(join(dirname(target), name), { force: true }).catch(() => undefined)),
  );
}

/** On a full disk, frees the reserve of the directory. Returns whether it did. */
async function writeOrRelease(
  temporary: string,
  data: string | Buffer,
  target: string,
  options: WriteOptions,
): Promise<boolean> {
  try {
    await writeTemporary(temporary, data, target, options);
    return false;
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')) throw error;
    await rm(temporary, { force: true });
    if (!(await releaseReserve(dirname(target)))) throw error;
    await writeTemporary(temporary, data, target, options);
    return true;
  }
}

async function writeTemporary(
  temporary: string,
  data: string | Buffer,
  target: string,
  options: WriteOptions,
): Promise<void> {
  const old = await statIfAny(target);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(data);
    await giveTo(old ?? (await ownerForNew(dirname(target))), file);
    await file.chmod(old === undefined || options.forceMode === true ? options.mode : old.mode & 0o777);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function statIfAny(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** Syncs a directory, so that a rename in it lasts. Some network file systems refuse that, and nothing more can be done there. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync().catch((error: unknown) => {
      if (systemCode(error) !== 'EINVAL' && systemCode(error) !== 'ENOTSUP') throw error;
    });
  } finally {
    await handle.close();
  }
}

function unconfirmed(cause: unknown, path: string): AppError {
  return new AppError('FILE_UNWRITABLE', {
    message: `${path} was replaced, but the disk did not confirm it (${systemCode(cause) ?? String(cause)}).`,
    hint: 'Check the disk: after a power cut the old content could be back.',
    cause,
  });
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
    hint: unwritableHint(code, path),
    cause: error,
  });
}

/** What to do if something can't be created beside a path, by the system's error code. */
export function unwritableHint(code: string | undefined, path: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'Free some space on that disk, then try again.';
    case 'EROFS':
      return `${dirname(path)} is on a file system that is mounted read-only: mount it for writing.`;
    case 'EACCES':
    case 'EPERM':
      return ownershipCure(path, 'write');
    default:
      return `Check who owns ${dirname(path)} and that it is writable.`;
  }
}
