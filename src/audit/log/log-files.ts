import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** One file of an audit log. */
export interface LogFile {
  readonly path: string;
  /** The number of its inode, which stays when the file is moved away. */
  readonly inode: string;
  readonly size: number;
}

/** More files than are kept for a year of weeks. */
const MOST_FILES = 60;
/** `.1`, `-20261122` and `-20261122-1764432000`, as logrotate names what it moves away. */
const ROTATED = /^(?:\.\d{1,4}|-\d{8}(?:-\d{1,10})?)$/;
const COMPRESSED = /^(?:\.\d{1,4}|-\d{8}(?:-\d{1,10})?)\.(?:gz|xz|zst|bz2)$/;

/**
 * Lists the files of an audit log, the one that is written first, then what logrotate moved away, from the newest to the
 * oldest. `isCompressed` reports whether there are others, which are compressed and not listed. Rejects with a system
 * error where the log itself can't be found.
 */
export async function listLogFiles(
  path: string,
): Promise<{ readonly files: readonly LogFile[]; readonly isCompressed: boolean }> {
  const folder = dirname(path);
  const name = basename(path);
  const endings = (await readdir(folder))
    .filter((it) => it.startsWith(name))
    .map((it) => it.slice(name.length));
  const current = await lookAt(path);
  if (current === undefined) throw Object.assign(new Error(`${path} is no file`), { code: 'ENOENT' });
  const older = await Promise.all(
    endings.filter((ending) => ROTATED.test(ending)).map((ending) => lookAt(join(folder, name + ending))),
  );
  const files = older
    .filter((it) => it !== undefined)
    .toSorted((one, other) => other.changed - one.changed)
    .slice(0, MOST_FILES - 1);
  return { files: [current, ...files], isCompressed: endings.some((ending) => COMPRESSED.test(ending)) };
}

async function lookAt(path: string): Promise<(LogFile & { readonly changed: number }) | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true
    ? { path, inode: String(stats.ino), size: stats.size, changed: stats.mtimeMs }
    : undefined;
}
