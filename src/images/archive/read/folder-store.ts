import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { systemCode } from '../../../lib/errors.ts';
import { readFully } from '../../tar/file-window.ts';
import { invalidArchive, quoted } from '../../tar/invalid-archive.ts';
import { cleanName } from './entry-name.ts';
import { unreadable } from './open-file.ts';
import { readRange, type FileStore, type StoredFile } from './file-store.ts';

/** Opens a folder as an archive: the image layout of the image-spec. */
export function openFolder(path: string, label: string): FileStore {
  return {
    label,
    find: async (name) => {
      const clean = cleanName(name);
      // A manifest.json may name any file of this machine, and what it names is sent to a registry.
      if (clean === undefined)
        throw invalidArchive(label, `the name ${quoted(name)} leads out of the archive`);
      await refuseLinkOut(path, clean, label);
      const size = await sizeOf(join(path, clean));
      return size === undefined ? undefined : fileAt(join(path, clean), size);
    },
    close: async () => undefined,
  };
}

/** What a link leads to would be sent before its digest is found to be another. */
async function refuseLinkOut(path: string, name: string, label: string): Promise<void> {
  const [root, target] = await Promise.all([realpath(path), realpath(join(path, name))]).catch(() => []);
  if (root === undefined || target === undefined || target.startsWith(join(root, sep))) return;
  throw invalidArchive(
    label,
    `${quoted(name)} is a link that leads out of it (cp -RL makes a folder without links)`,
  );
}

async function sizeOf(path: string): Promise<number | undefined> {
  const file = await openRegular(path);
  if (file === undefined) return undefined;
  try {
    const found = await file.stat();
    return found.isFile() ? found.size : undefined;
  } finally {
    await file.close();
  }
}

function fileAt(path: string, size: number): StoredFile {
  return {
    size,
    readWhole: async () => {
      const file = await openRegular(path);
      if (file === undefined) return Buffer.alloc(0);
      try {
        return await readFully(file, Buffer.allocUnsafeSlow(size), 0);
      } finally {
        await file.close();
      }
    },
    read: async function* read(from, { to = size, signal } = {}) {
      const file = await openRegular(path);
      if (file === undefined) return;
      try {
        yield* readRange(file, { from, to: Math.min(to, size) }, signal);
      } finally {
        await file.close();
      }
    },
  };
}

/** A pipe of that name would keep a usual open waiting. */
async function openRegular(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw unreadable(path, error);
  }
}
