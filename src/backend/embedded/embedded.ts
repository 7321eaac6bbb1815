import { access, constants, stat, statfs } from 'node:fs/promises';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { makePath } from '../../lib/files/make-path.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { BlobStore } from './store/blob-store.ts';
import { Catalog } from './store/catalog.ts';
import type { CatalogPage } from '../../oci/catalog.ts';
import { Staging } from './disk/staging.ts';
import { causeOf } from './disk/faults.ts';
import { FOLDER_MODE } from './disk/folders.ts';
import { collectGarbage, type GcOptions, type GcReport } from './gc/gc.ts';
import { handleJob } from './handle.ts';
import type { IdleWatch } from '../../lib/streams/idle-watch.ts';
import type { Job } from '../reply/job.ts';
import { ManifestStore } from './store/manifest-store.ts';
import { LEAST_FREE_BYTES, type UploadLimits } from './store/open-uploads.ts';
import { Paths } from './disk/paths.ts';
import { purgeUploads, restoreCollected } from './gc/purge.ts';
import { Referrers } from './store/referrers.ts';
import type { Registry } from './store/registry.ts';
import { TagStore } from './store/tag-store.ts';
import { listUntagged, type Untagged } from './store/untagged.ts';
import { UploadStore } from './store/upload-store.ts';

export interface EmbeddedOptions {
  /** The folder of the registry, as distribution's `rootdirectory`. Created if missing. */
  readonly directory: string;
  readonly now: () => Date;
  readonly logger: Logger;
  /** Ends transfers that make no progress. */
  readonly idle?: Pick<IdleWatch, 'add' | 'remove'> | undefined;
  /** The largest manifest accepted, in bytes; larger blobs are never read as manifests. Default and minimum: 4 MiB. */
  readonly manifestBytes?: number | undefined;
  /** How long an unreferenced blob is kept, in milliseconds. Default: an hour. */
  readonly graceMs?: number;
  /** Limits on the unfinished uploads of each user. */
  readonly uploads?: UploadLimits | undefined;
  /**
   * Whether this process removes abandoned uploads, at the start and every hour. Of the processes that serve a folder,
   * one does. Default: true.
   */
  readonly clearsUp?: boolean;
}

/** An OCI registry on disk (distribution-spec v1.1), in distribution's own layout. */
export interface Embedded {
  /** Takes over the job: answers it or cuts the connection. Never throws. */
  handle(job: Job): void;
  /** Returns a page of repository names. */
  catalog(count: number, last: string | undefined): Promise<CatalogPage>;
  /** Returns why pulls would fail, or undefined. */
  unready(): Promise<string | undefined>;
  /** Returns why pushes fail or may fail while pulls work, or undefined. */
  limitation(): Promise<string | undefined>;
  /** Lists the manifests of a repository that no tag names, those that were pushed last first. */
  untagged(repository: string): Promise<readonly Untagged[]>;
  /** Removes unreferenced content. Safe during pushes. */
  collectGarbage(options?: GcOptions): Promise<GcReport>;
  /**
   * Ends uploads that have been idle for a day. Runs by itself when the registry is opened and every hour. Returns
   * their number.
   */
  purge(): Promise<number>;
  close(): Promise<void>;
}

const HOUR_MS = 60 * 60 * 1000;

/** Opens a registry. Throws AppError FILE_UNWRITABLE. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { now, logger, idle, graceMs = HOUR_MS, clearsUp = true } = options;
  const registry = createRegistry(options, graceMs);
  await makeRoot(options.directory, registry);
  await restoreCollected(registry);
  if (clearsUp) await logWarnings(options.directory, registry, logger);
  let isOpen = true;
  let purging = Promise.resolve(0);
  const purge = (): Promise<number> =>
    (purging = purging.then(() => purgeUploads(registry, { now: now(), goesOn: () => isOpen })));
  const purgeQuietly = async (): Promise<void> => {
    try {
      const uploads = await purge();
      if (uploads > 0) logger.info({ uploads }, 'abandoned uploads removed');
    } catch (error) {
      purging = Promise.resolve(0);
      logger.warn({ error: causeOf(error) }, 'abandoned uploads could not be removed');
    }
  };
  if (clearsUp) void purgeQuietly();
  const timer = clearsUp ? setInterval(() => void purgeQuietly(), HOUR_MS) : undefined;
  timer?.unref();
  return {
    handle: (job) => void handleJob({ registry, idle, logger }, job),
    catalog: (count, last) => registry.catalog.page(count, last),
    unready: () => unreadableReason(registry.paths),
    limitation: () => unwritableReason(registry.paths),
    untagged: (repository) => listUntagged(registry, repository),
    collectGarbage: (wishes = {}) => collectGarbage({ registry, now, graceMs }, wishes),
    purge,
    close: async () => {
      isOpen = false;
      clearInterval(timer);
      await purging.catch(() => 0);
    },
  };
}

function createRegistry(
  { directory, now, uploads, manifestBytes }: EmbeddedOptions,
  graceMs: number,
): Registry {
  const paths = new Paths(directory);
  const staging = new Staging(paths.staging);
  const blobs = new BlobStore({ paths, staging, now, graceMs });
  const manifests = new ManifestStore({ paths, staging, blobs, largest: manifestBytes });
  return {
    paths,
    staging,
    blobs,
    manifests,
    tags: new TagStore({ paths, staging, now }),
    uploads: new UploadStore({ paths, staging, now, limits: uploads }),
    referrers: new Referrers({ paths, manifests, now }),
    catalog: new Catalog({ paths, now }),
  };
}

async function makeRoot(directory: string, { paths }: Registry): Promise<void> {
  try {
    for (const folder of [directory, paths.blobs, paths.repositories, paths.staging])
      await makePath(folder, FOLDER_MODE);
    await access(paths.staging, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new AppError('FILE_UNWRITABLE', { ...explain(directory, paths, error), cause: error });
  }
}

function explain(directory: string, paths: Paths, error: unknown): { message: string; hint: string } {
  const code = causeOf(error);
  if (code === 'EROFS') {
    return {
      message: `The registry in ${directory} is on a read-only file system.`,
      hint: `Mount it for writing, as root: mount -o remount,rw "$(findmnt -n -o TARGET --target ${directory})"`,
    };
  }
  return {
    message: `The registry in ${directory} can't be written (${code}).`,
    hint: isForbidden(error)
      ? ownershipCure(paths.staging, 'write', directory)
      : `Check who owns ${directory}, that it is a folder, and that its disk is mounted for writing.`,
  };
}

/** Logs what the operator should fix. */
async function logWarnings(directory: string, { paths }: Registry, logger: Logger): Promise<void> {
  const warning = await permissionWarning(directory);
  if (warning !== undefined) logger.warn({ warning }, 'the folder of the registry is open to others');
  const reason = await unwritableReason(paths);
  if (reason !== undefined) logger.warn({ reason }, 'pushes will fail');
}

/** Returns why pulls would fail, or undefined. */
async function unreadableReason({ blobs, repositories }: Paths): Promise<string | undefined> {
  try {
    for (const folder of [blobs, repositories]) await access(folder, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `the folder of the registry can't be read (${causeOf(error)})`;
  }
}

/** Returns why pushes fail or may fail while pulls work, or undefined. */
async function unwritableReason({ staging }: Paths): Promise<string | undefined> {
  try {
    await access(staging, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(staging);
    return spaceReason(bavail * bsize);
  } catch (error) {
    const code = causeOf(error);
    return code === 'EROFS'
      ? 'the file system of the registry is read-only: pulls work, pushes and deletions are refused; mount it for writing'
      : `the folder of the registry can't be written (${code}): pulls work, pushes and deletions are refused`;
  }
}

function spaceReason(free: number): string | undefined {
  if (free >= LEAST_FREE_BYTES) return undefined;
  const cure = 'free some space, or give back what no image needs: registry-gate gc';
  if (free === 0) return `the disk of the registry is full: pulls work, pushes are refused; ${cure}`;
  const left = `${(free / 2 ** 20).toFixed(1)} MiB`;
  return `the disk of the registry has ${left} left: pulls work, pushes of more are refused; ${cure}`;
}

/** Returns a warning when other users of this machine can read the folder, or undefined. */
export async function permissionWarning(directory: string): Promise<string | undefined> {
  const { mode } = await stat(directory);
  if ((mode & 0o007) === 0) return undefined;
  const rights = (mode & 0o777).toString(8).padStart(4, '0');
  return `${directory} has mode ${rights}: every user of this machine can read the images in it. Close it: chmod -R o= ${directory}`;
}
