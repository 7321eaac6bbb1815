import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must, run, temporaryFolder } from './programs.ts';

/** A file system of its own, in memory, as small as a test needs it. For suites with MOUNT_NEEDS. */
export interface SmallDisk {
  readonly path: string;
  /** Writes until the disk takes no more. */
  fill(): Promise<void>;
  /** Remounts it so that nothing can be written. */
  makeReadOnly(): Promise<void>;
  close(): Promise<void>;
}

export async function mountSmallDisk(name: string, size: string): Promise<SmallDisk> {
  const folder = await temporaryFolder(name);
  const path = join(folder.path, 'disk');
  await mkdir(path);
  await must('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', path]);
  return {
    path,
    fill: () => fill(join(path, 'filler')),
    makeReadOnly: async () => void (await must('mount', ['-o', 'remount,ro', path])),
    close: async () => {
      await run('umount', [path]);
      await folder.close();
    },
  };
}

async function fill(path: string): Promise<void> {
  for (let size = 64 * 1024; size >= 1; size /= 2) {
    for (;;) {
      try {
        await writeFile(path, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
