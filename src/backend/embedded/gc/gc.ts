import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withFileLock } from '../../../lib/files/file-lock.ts';
import { discard, isRenamed, moveDurably } from '../disk/durable.ts';
import { removeIfEmpty } from '../disk/folders.ts';
import type { Unreadable } from './keep.ts';
import { markAll, type GcProgress, type Marks } from './mark.ts';
import { Sweep } from './sweep.ts';
import { purgeUploads, restoreCollected } from './purge.ts';
import type { Registry } from '../store/registry.ts';

export interface GcOptions {
  /** Report without removing anything. */
  readonly dryRun?: boolean;
  /**
   * Also remove manifests that no tag reaches: directly, through an index, or as a referrer of a manifest that is kept.
   */
  readonly dropUntagged?: boolean;
  /** How long unreferenced content is kept, in milliseconds. Default: that of the registry. */
  readonly graceMs?: number;
  /** How long an idle upload is kept, in milliseconds. Default: a day. */
  readonly uploadMs?: number | undefined;
  /** Called from time to time. */
  readonly onProgress?: (progress: GcProgress) => void;
}

/** What was removed, or would be with `dryRun`. */
export interface GcReport {
  readonly blobs: number;
  readonly bytes: number;
  /** Manifests that no tag reaches. */
  readonly manifests: number;
  /** Abandoned uploads. */
  readonly uploads: number;
  /** Links of repositories to blobs that no longer exist. */
  readonly links: number;
  /** Manifests whose references could not be read: their repositories keep all their blobs. The first thousand. */
  readonly unreadable: readonly Unreadable[];
}

interface GcContext {
  readonly registry: Registry;
  readonly now: () => Date;
  readonly graceMs: number;
}

/**
 * Mark and sweep over all repositories, during pushes and pulls. One collector runs at a time. Throws AppError
 * LOCK_TIMEOUT while another one runs. A manifest that can't be read keeps all blobs of its repository.
 */
export async function collectGarbage(context: GcContext, options: GcOptions = {}): Promise<GcReport> {
  const { staging } = context.registry;
  return withFileLock(`${staging.folder}/collector`, () => collect(context, options), { timeoutMs: 1000 });
}

async function collect(context: GcContext, options: GcOptions): Promise<GcReport> {
  const { registry, now } = context;
  const { dryRun = false, dropUntagged = false, onProgress } = options;
  const before = now().getTime() - (options.graceMs ?? context.graceMs);
  if (!dryRun) await restoreCollected(registry);
  const { uploadMs } = options;
  const purge = { now: now(), dryRun, uploadMs };
  const uploads = await purgeUploads(registry, purge);
  const marks = await markAll(registry, { dropUntagged, before, onProgress });
  const manifests = dryRun ? marks.dropped.length : await removeUntagged(registry, marks, before);
  const sweep = new Sweep({ registry, marks, before, dryRun, onProgress });
  const { blobs, bytes } = await sweep.blobs();
  const links = await sweep.links();
  // Remove repositories whose last link was removed.
  if (!dryRun) await purgeUploads(registry, purge);
  return { blobs, bytes, manifests, uploads, links, unreadable: marks.keep.unreadable };
}

/**
 * Removes the links of untagged manifests. A manifest that was pushed again meanwhile is put back. Returns the number
 * removed.
 */
async function removeUntagged(
  { paths, staging }: Registry,
  { dropped }: Marks,
  before: number,
): Promise<number> {
  let count = 0;
  for (const { repository, digest } of dropped) {
    const link = paths.revision(repository, digest);
    const aside = staging.path();
    if (!(await isRenamed(link, aside))) continue;
    if ((await stat(aside)).mtimeMs >= before) await moveDurably(aside, link);
    else {
      count += 1;
      await discard(aside);
      await removeIfEmpty(dirname(link));
    }
  }
  return count;
}
