import type { BlobStore } from './blob-store.ts';
import type { Catalog } from './catalog.ts';
import type { Staging } from '../disk/staging.ts';
import type { ManifestStore } from './manifest-store.ts';
import type { Paths } from '../disk/paths.ts';
import type { Referrers } from './referrers.ts';
import type { TagStore } from './tag-store.ts';
import type { UploadStore } from './upload-store.ts';

/** The parts of an embedded registry that the end-points use. */
export interface Registry {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly blobs: BlobStore;
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly uploads: UploadStore;
  readonly referrers: Referrers;
  readonly catalog: Catalog;
}
