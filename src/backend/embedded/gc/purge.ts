import { readdir, stat } from 'node:fs/promises';
import { parseDigest } from '../../../oci/digest.ts';
import { discard, ifExists, isRenamed, exists } from '../disk/durable.ts';
import { clearRepositories } from './empty-folders.ts';
import { makeFolder } from '../disk/folders.ts';
import { COLLECTED } from '../disk/paths.ts';
import type { Registry } from '../store/registry.ts';

/** How long an upload may be idle, and how long an unfinished file may be, in milliseconds. */
const UPLOAD_MS = 24 * 60 * 60 * 1000;

/** Sessions inside a repository belong to distribution or an older version. They can't be continued here. */
const FOREIGN_MS = 60 * 60 * 1000;

const SET_ASIDE = /^collected-([a-z0-9]+)-([a-f0-9]+)(?:\.last)?$/;

interface PurgeOptions {
  readonly now: Date;
  /** How long an upload may be idle, in milliseconds. Default: a day. */
  readonly uploadMs?: number | undefined;
  readonly dryRun?: boolean;
  readonly goesOn?: () => boolean;
}

/**
 * Ends idle uploads, and removes files of killed writers and folders that older versions and abandoned uploads left.
 * Returns the number of uploads.
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
  for (const name of (await ifExists(readdir(staging.folder))) ?? []) {
    const path = `${staging.folder}/${name}`;
    if (!name.startsWith(COLLECTED) && (await lastWrite([path])) < before) await discard(path);
  }
}

/** Puts back the blobs that a killed collector had moved aside. The next collection decides again. */
export async function restoreCollected({ paths, staging }: Registry): Promise<void> {
  for (const name of (await ifExists(readdir(staging.folder))) ?? []) {
    const [, algorithm, hex] = SET_ASIDE.exec(name) ?? [];
    const digest = parseDigest(`${algorithm}:${hex}`);
    if (digest === undefined) continue;
    const path = `${staging.folder}/${name}`;
    if (await exists(paths.blob(digest))) await discard(path);
    else {
      await makeFolder(paths.blobFolder(digest));
      await isRenamed(path, paths.blob(digest));
    }
  }
}

/** Returns when any of these was last written to, in milliseconds, or infinity if none exists. */
async function lastWrite(paths: readonly string[]): Promise<number> {
  const times = await Promise.all(paths.map(async (path) => (await ifExists(stat(path)))?.mtimeMs));
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...known);
}
