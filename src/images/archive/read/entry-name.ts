import { posix } from 'node:path';

/**
 * Returns the name of a file in an archive without `.` and doubled slashes. Undefined if it is absolute, empty or leads
 * out of the archive: nobody would write such a name by mistake.
 */
export function cleanName(name: string): string | undefined {
  if (name.startsWith('/') || name.includes('\0')) return undefined;
  const clean = posix.normalize(name).replace(/\/$/, '');
  return clean === '..' || clean.startsWith('../') ? undefined : clean;
}

/** Returns the name that a symbolic link leads to, seen from the top of the archive. Undefined if it leads out of it. */
export function followLink(name: string, link: string): string | undefined {
  return link.startsWith('/') ? undefined : cleanName(`${posix.dirname(name)}/${link}`);
}
