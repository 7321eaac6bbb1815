import { AppError } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';
import { textOfBytes } from './byte-text.ts';
import { KIND, type FileKind, type FileRecord } from './file-record.ts';

/** A path of an image that leads to no file. */
export function notFound(path: string, reason: 'missing' | 'loop' | 'open'): AppError {
  return unreadable(
    path,
    reason === 'loop'
      ? 'too many symbolic links lead about in the image'
      : 'there is no such file in the image',
  );
}

const WITHOUT_BYTES: Readonly<Partial<Record<FileKind, string>>> = {
  [KIND.implied]: 'it is a directory',
  [KIND.directory]: 'it is a directory',
  [KIND.link]: 'it is a hard link to a file that the image does not have',
  [KIND.character]: 'it is a device',
  [KIND.block]: 'it is a device',
  [KIND.fifo]: 'it is a pipe',
};

/** Throws AppError IMAGE_FILE_UNREADABLE for what has no bytes. */
export function checkReadable(path: string, { kind }: FileRecord): void {
  const reason = WITHOUT_BYTES[kind];
  if (reason !== undefined) throw unreadable(path, reason);
}

function unreadable(path: string, reason: string): AppError {
  const shown = printable(textOfBytes(path.startsWith('/') ? path : `/${path}`));
  return new AppError('IMAGE_FILE_UNREADABLE', {
    message: `${shown.slice(0, 500)} can't be read: ${reason}.`,
    hint: 'See what there is: registry-gate images files IMAGE DIRECTORY',
  });
}
