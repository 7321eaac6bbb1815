import { randomBytes } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAll } from '../../../lib/files/write-all.ts';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { unwritableHint } from '../../../lib/files/atomic-file.ts';
import { invalidArchive } from '../../tar/invalid-archive.ts';

/** A compressed archive that is larger than this when expanded ... */
const HARMLESS_BYTES = 2 * 1024 ** 3;
/** ... may be larger than what it was read from by this factor. File systems shrink by 2 to 10, and zeros by up to 1032. */
const MOST_RATIO = 200;

interface SpoolOptions {
  /** The folder for the file. */
  readonly folder: string;
  readonly label: string;
  /** How many compressed bytes have been read so far; undefined if they are not compressed. */
  readonly compressedBytes?: () => number;
  /** How much it may expand to whatever its size. Default: 2 GiB. */
  readonly harmlessBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes what can be read only once to a file that has no name any more, so that nothing of it stays however the
 * program ends. Throws AppError ARCHIVE_INVALID for what expands beyond measure, and FILE_UNWRITABLE.
 */
export async function spool(
  pieces: AsyncIterable<Uint8Array>,
  { folder, label, compressedBytes, harmlessBytes = HARMLESS_BYTES, signal }: SpoolOptions,
): Promise<FileHandle> {
  const file = await openNameless(folder);
  try {
    let bytes = 0;
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      bytes += piece.byteLength;
      const limit = Math.max(harmlessBytes, (compressedBytes?.() ?? Infinity) * MOST_RATIO);
      if (bytes > limit)
        throw invalidArchive(label, `it expands to more than ${MOST_RATIO} times its size, as no image does`);
      await writeAll(file, piece).catch((error: unknown) => {
        throw unwritable(folder, error);
      });
    }
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Opens a new file for reading and writing, readable by this user alone, and takes its name away. */
export async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `.registry-gate-${randomBytes(8).toString('hex')}`);
  try {
    const file = await open(path, 'wx+', 0o600);
    await rm(path, { force: true });
    return file;
  } catch (error) {
    throw unwritable(folder, error);
  }
}

function unwritable(folder: string, cause: unknown): AppError {
  const code = systemCode(cause);
  return new AppError('FILE_UNWRITABLE', {
    message: `No temporary file can be written in ${folder} (${code ?? String(cause)}).`,
    hint: `${unwritableHint(code, join(folder, 'file'))} Another folder is used if the variable TMPDIR names it.`,
    cause,
  });
}
