import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { resolveTarget, syncDirectory, unwritableHint } from '../../../lib/files/atomic-file.ts';
import { diskSyncs } from '../../../lib/files/disk-sync.ts';
import { giveTo, ownerForNew } from '../../../lib/files/ownership.ts';
import { describeSelfShortly, isHolderDead } from '../../../lib/files/process-identity.ts';

const END = '.part';
/** File names have at most 255 bytes. */
const KEPT_OF_NAME = 150;

/** A file that is written beside the one that it becomes. */
interface PartFile {
  readonly file: FileHandle;
  /** Flushes it to the disk and gives it its name, in place of what has the name. Throws AppError FILE_UNWRITABLE. */
  commit(path: string): Promise<void>;
  /** Removes it. Harmless after `commit`. */
  discard(): Promise<void>;
}

/**
 * Opens a new file `.NAME.PROCESS.part` in a folder. What a killed process left under such a name can be told from
 * what one at work writes, and `removeParts` removes it. Throws AppError FILE_UNWRITABLE.
 */
export async function openPart(folder: string, name: string): Promise<PartFile> {
  const identity = (await describeSelfShortly()).replaceAll(' ', '_');
  const path = join(folder, `${prefixOf(name)}${identity}${END}`);
  const file = await open(path, 'wx+', 0o666).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await file.close();
    isOpen = false;
  };
  return {
    file,
    commit: async (target) => {
      try {
        await giveTo(await ownerForNew(folder), file);
        await diskSyncs.run(() => file.sync());
        await close();
        await rename(path, target);
      } catch (error) {
        throw unwritable(target, error);
      }
    },
    discard: async () => {
      await close();
      await rm(path, { force: true });
    },
  };
}

/** Removes what killed processes of this host left of a file. What belongs to another host, or can't be told, stays. */
export async function removeParts(folder: string, name: string): Promise<void> {
  const prefix = prefixOf(name);
  const names = await readdir(folder).catch(() => []);
  for (const it of names) {
    const identity = it.slice(prefix.length, -END.length).replaceAll('_', ' ');
    const isPart = it.startsWith(prefix) && it.endsWith(END);
    if (isPart && (await isHolderDead(identity)))
      await rm(join(folder, it), { force: true }).catch(() => undefined);
  }
}

function prefixOf(name: string): string {
  return `.${name.slice(0, KEPT_OF_NAME)}.`;
}

/** Where an archive is to be written: links are followed. Throws AppError for what can't be replaced by a file. */
export async function placeForFile(
  path: string,
): Promise<{ readonly folder: string; readonly name: string; readonly path: string }> {
  const target = await resolveTarget(path);
  const found = await stat(target).catch(() => undefined);
  if (found !== undefined && !found.isFile())
    throw new AppError('FILE_UNWRITABLE', {
      message: `${path} is not a file, and is not replaced by one.`,
      hint: found.isDirectory()
        ? `For an image layout in a folder: oci:${path}`
        : 'To write to a pipe use - and redirect it.',
    });
  return { folder: dirname(target), name: basename(target), path: target };
}

/** Makes renames in a folder last. */
export async function confirmRenames(folder: string): Promise<void> {
  await diskSyncs
    .run(() => syncDirectory(folder))
    .catch((error: unknown) => {
      throw unwritable(folder, error);
    });
}

/** A file that can't be written, with what to do. */
export function unwritable(path: string, cause: unknown): unknown {
  if (cause instanceof AppError) return cause;
  const code = systemCode(cause);
  if (code === undefined) return cause;
  return new AppError('FILE_UNWRITABLE', {
    message: `${path} can't be written (${code}). Nothing was left half-written under its name.`,
    hint: code === 'ENOENT' ? `Make the folder first: mkdir -p ${dirname(path)}` : unwritableHint(code, path),
    cause,
  });
}
