import type { Platform } from '../model/platform.ts';

/** Which tags of a repository are mirrored, and how. */
export interface SyncRule {
  /** The repository in the registry that is read. */
  readonly source: string;
  /** The repository in the registry that is written. */
  readonly target: string;
  /** Globs: a tag is taken if it matches one of them, or lies in `versions`. Both empty: every tag but those of referrers. */
  readonly tags: readonly string[];
  /** A range of semantic versions. */
  readonly versions: string | undefined;
  /** Globs: never taken. */
  readonly exclude: readonly string[];
  /** Of the tags that are left, the first so many in the order of versions, the newest first. */
  readonly newest: number | undefined;
  /** Empty: all of an index, byte for byte. Otherwise an index is written anew with these. */
  readonly platforms: readonly Platform[];
  /** Whether signatures, SBOMs and other referrers come along. */
  readonly referrers: boolean;
  /** Whether tags of the target that are not taken are removed. */
  readonly prune: boolean;
}
