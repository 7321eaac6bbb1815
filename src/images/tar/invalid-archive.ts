import { AppError } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';

/** An archive that can't be read. `label` names it, and the reason says what is wrong in which entry. */
export function invalidArchive(label: string, reason: string, hint?: string): AppError {
  return new AppError('ARCHIVE_INVALID', {
    message: `${printable(label)} can't be read: ${printable(reason)}.`,
    hint:
      hint ??
      'Make it again with registry-gate images save, docker save, podman save or skopeo copy. To see what is in it: tar -tvf FILE',
  });
}

/** The name of an entry in a message: quoted, and not longer than a line. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
}
