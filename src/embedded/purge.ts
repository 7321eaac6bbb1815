import { readdir, stat } from 'node:fs/promises';
import { parseDigest } from '../registry/digest.ts';
import { discard, ifAny, isRenamed, isThere, makeFolder } from './durable.ts';
import { COLLECTED } from './paths.ts';
import type { Registry } from './registry.ts';

/** How long an upload may lie still, and how long something unfinished may, in milliseconds. */
const UPLOAD_MS = 24 * 60 * 60 * 1000;

const TAKEN = /^collected-([a-z0-9]+)-([a-f0-9]+)(?:\.last)?$/;

/** Ends uploads that nobody went on with for a day, and clears away what writers that were killed left. Resolves to the number of uploads. */
export async function purgeUploads(registry: Registry, now: Date, dryRun = false): Promise<number> {
  const { catalog, paths, uploads } = registry;
  const before = now.getTime() - UPLOAD_MS;
  if (!dryRun) await clearStaging(registry, before);
  let purged = 0;
  for await (const repository of catalog.walk()) {
    for (const id of (await ifAny(readdir(paths.uploads(repository)))) ?? []) {
      const folder = `${paths.uploads(repository)}/${id}`;
      if ((await youngest([folder, `${folder}/data`, `${folder}/startedat`])) >= before) continue;
      if (dryRun || (await uploads.remove(repository, id))) purged += 1;
    }
  }
  return purged;
}

async function clearStaging({ staging }: Registry, before: number): Promise<void> {
  for (const name of (await ifAny(readdir(staging.folder))) ?? []) {
    const path = `${staging.folder}/${name}`;
    if (!name.startsWith(COLLECTED) && (await youngest([path])) < before) await discard(path);
  }
}

/** Puts back what a collector that was killed had taken away. The next one decides again. */
export async function restoreCollected({ paths, staging }: Registry): Promise<void> {
  for (const name of (await ifAny(readdir(staging.folder))) ?? []) {
    const [, algorithm, hex] = TAKEN.exec(name) ?? [];
    const digest = parseDigest(`${algorithm}:${hex}`);
    if (digest === undefined) continue;
    const path = `${staging.folder}/${name}`;
    if (await isThere(paths.blob(digest))) await discard(path);
    else {
      await makeFolder(paths.blobFolder(digest));
      await isRenamed(path, paths.blob(digest));
    }
  }
}

/** When any of these was last written to, in milliseconds; far in the future where none is there. */
async function youngest(paths: readonly string[]): Promise<number> {
  const times = await Promise.all(paths.map(async (path) => (await ifAny(stat(path)))?.mtimeMs));
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...known);
}
