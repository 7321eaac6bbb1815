import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the blobs folder holds: each blob by its digest, and whether its bytes are what the digest says. */
export interface StoredBlob {
  readonly digest: string;
  readonly path: string;
  readonly whole: boolean;
}

export const V2 = 'docker/registry/v2';

/** Every file below a folder, by its path in it. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

/** All blobs of a registry's folder, each read and hashed. */
export async function storedBlobs(directory: string): Promise<StoredBlob[]> {
  const files = await filesIn(join(directory, V2, 'blobs'));
  return Promise.all(
    files
      .filter((path) => path.endsWith('/data'))
      .map(async (path) => {
        const [algorithm = '', , hex = ''] = path.split('/');
        const bytes = await readFile(join(directory, V2, 'blobs', path));
        const whole = createHash(algorithm).update(bytes).digest('hex') === hex;
        return { digest: `${algorithm}:${hex}`, path, whole };
      }),
  );
}
