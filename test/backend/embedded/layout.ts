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

/** Every file below a folder, by its path in it. A folder that goes meanwhile has none. */
export async function filesIn(folder: string): Promise<string[]> {
  const found = await entriesIn(folder, '');
  return found.filter((path) => !path.endsWith('/')).toSorted();
}

/** Every folder below a folder, by its path in it. */
export async function foldersIn(folder: string): Promise<string[]> {
  const found = await entriesIn(folder, '');
  return found.flatMap((path) => (path.endsWith('/') ? [path.slice(0, -1)] : [])).toSorted();
}

async function entriesIn(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => []);
  const found = entries.map(async (entry) => {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) return [`${path}/`, ...(await entriesIn(folder, `${path}/`))];
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(found)).flat();
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
