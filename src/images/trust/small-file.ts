import { open } from 'node:fs/promises';
import { AppError, systemCode } from '../../lib/errors.ts';

/** More is no file of sign-ins or certificates. */
const MOST_BYTES = 1024 * 1024;
/** Nothing is there, or nothing that we may know of. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);

/**
 * Reads a file of settings of at most 1 MiB. Undefined if it does not exist, or this user may not read it. Throws AppError
 * FILE_UNREADABLE.
 */
export async function readSmallFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path);
    try {
      const buffer = Buffer.alloc(MOST_BYTES + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      if (bytesRead > MOST_BYTES) throw unreadable(path, `it is larger than ${MOST_BYTES} bytes`);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (ABSENT.has(code)) return undefined;
    throw error instanceof AppError ? error : unreadable(path, code === '' ? String(error) : code);
  }
}

/** A file of settings that can't be used. */
export function unreadable(path: string, reason: string): AppError {
  return new AppError('FILE_UNREADABLE', {
    message: `${path} can't be read: ${reason}.`,
    hint: 'Correct it, move it away, or name another with --auth-file FILE or --ca FILE.',
  });
}
