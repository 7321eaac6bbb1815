import { readdir, stat } from 'node:fs/promises';
import { parseDigest } from '../../../oci/digest.ts';
import { discard, ifAny, isRenamed, isThere } from '../disk/durable.ts';
import { clearRepositories } from './empty-folders.ts';
import { makeFolder } from '../disk/folders.ts';
import { COLLECTED } from '../disk/paths.ts';
import type { Registry } from '../store/registry.ts';

/** How long an upload may lie still, and how long something unfinished may, in milliseconds. */
export const UPLOAD_MS = 24 * 60 * 60 * 1000;

/** Sessions in a repository are of distribution or of an older version: nothing of them can go on here. */
const FOREIGN_MS = 60 * 60 * 1000;

const TAKEN = /^collected-([a-z0-9]+)-([a-f0-9]+)(?:\.last)?$/;

export interface PurgeOptions {
  readonly now: Date;
  /** How long an upload may lie still, in milliseconds. Default: a day. */
  readonly uploadMs?: number | undefined;
  /** Report only. */
  readonly dryRun?: boolean;
  /** Whether to go on. */
  readonly goesOn?: () => boolean;
}

/**
 * Ends uploads that lay still, clears away what writers that were killed left, and the folders that older versions and
 * abandoned uploads left. Resolves to the number of uploads.
 */
export async function purgeUploads(registry: Registry, options: PurgeOptions): Promise<number> {
  const { now, uploadMs = UPLOAD_MS, dryRun = false, goesOn = () => true } = options;
  const before = now.getTime() - uploadMs;
  if (!dryRun) await clearStaging(registry, now.getTime() - UPLOAD_MS);
  const own = await registry.uploads.all.purge(before, dryRun);
  const foreign = now.getTime() - Math.min(uploadMs, FOREIGN_MS);
  return own + (await clearRepositories(registry, { before: foreign, dryRun, goesOn }));
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
