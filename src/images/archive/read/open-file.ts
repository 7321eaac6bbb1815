import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { isForbidden, ownershipCure } from '../../../lib/files/ownership.ts';

/** Opens a file, or undefined if the path is a folder. A pipe waits for its writer. Throws AppError FILE_UNREADABLE. */
export async function openFile(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!(await file.stat()).isDirectory()) return file;
  await file.close();
  return undefined;
}

export function unreadable(path: string, cause: unknown): AppError {
  const code = systemCode(cause);
  return new AppError('FILE_UNREADABLE', {
    message: code === 'ENOENT' ? `There is no ${path}.` : `${path} can't be read (${code ?? String(cause)}).`,
    hint: isForbidden(cause) ? ownershipCure(path, 'read') : `Check the path: ls -l ${path}`,
    cause,
  });
}
