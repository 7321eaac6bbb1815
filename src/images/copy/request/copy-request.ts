import type { Compression } from '../../model/media-types.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Platform } from '../../model/platform.ts';
import type { ImageSource, ImageTarget } from '../../store.ts';
import type { CopySession } from './copy-session.ts';

/** Which images of an index are copied. */
export type Choice =
  /** The whole, byte for byte. */
  { readonly kind: 'all' } | { readonly kind: 'platforms'; readonly platforms: readonly Platform[] };

/** What is copied, from where to where, and how. */
export interface CopyRequest {
  readonly source: ImageSource;
  /** A tag, a digest or, in an archive, a full name. */
  readonly reference: string;
  /** Its names in an archive: beside them stands what cosign tagged. Default: none are known. */
  readonly sourceNames?: readonly string[];
  readonly target: ImageTarget;
  /** The tags or, in an archive, full names under which it is stored. May be empty: then by digest alone. */
  readonly names: readonly string[];
  /** Default: all of it, or the image of `host` where the target holds one platform only. */
  readonly choice?: Choice;
  /** The platform of this machine's containers. */
  readonly host: Platform;
  /** Whether signatures, SBOMs and attestations that refer to the image come along. Default: false. */
  readonly referrers?: boolean;
  /** The kind of manifests in the target. Default: the kind that each has. */
  readonly format?: 'oci' | 'docker';
  /** How layers are compressed in the target. Default: as they are, but those of a docker-archive with gzip in a registry. */
  readonly compress?: Exclude<Compression, 'none'>;
  /** Whether layers without compression stay so, also those of a docker-archive. Default: false. */
  readonly preserve?: boolean;
  /** What it shares with other copies of the same command. Default: nothing, and 4 blobs at once. */
  readonly session?: CopySession;
  /** Ends the copy. Its reason is what `copyImage` rejects with. */
  readonly signal?: AbortSignal;
  readonly observer?: CopyObserver;
}

/** Is told how a copy goes on. */
export interface CopyObserver {
  /** What is to be transferred at most, before the first byte. Called for an image, and for what refers to it. */
  planned(blobs: readonly Pick<Descriptor, 'digest' | 'size'>[]): void;
  started(blob: Pick<Descriptor, 'digest' | 'size'>): void;
  /** So many more bytes of the source have gone through. Negative if a part is sent again. */
  moved(blob: Pick<Descriptor, 'digest' | 'size'>, bytes: number): void;
  finished(blob: Pick<Descriptor, 'digest' | 'size'>, outcome: BlobOutcome): void;
}

/**
 * `copied`: its bytes went through. `converted`: they were compressed anew. `mounted`: the registry took them over from
 * another repository. `there`: the target had them. `left-out`: a foreign layer whose bytes the source does not have.
 */
export type BlobOutcome = 'copied' | 'converted' | 'mounted' | 'there' | 'left-out';

/** What became of one blob. */
export interface BlobReport {
  readonly digest: string;
  readonly mediaType: string;
  /** In bytes, in the target. */
  readonly size: number;
  readonly outcome: BlobOutcome;
}

/** What a copy did. The image is whole in the target, under all its names. */
export interface CopyReport {
  readonly source: string;
  readonly target: string;
  /** Whether the target is an archive, not a repository. */
  readonly isArchive: boolean;
  readonly names: readonly string[];
  /** Of the manifest or index in the source, and in the target. They differ if the image was changed on the way. */
  readonly sourceDigest: string;
  readonly digest: string;
  readonly mediaType: string;
  /** Whether the target had all of it, under all names, so that nothing was written. */
  readonly alreadyThere: boolean;
  /** What was changed on the way, or left out: sentences for the user. */
  readonly notes: readonly string[];
  /** In bytes. */
  readonly copied: number;
  readonly mounted: number;
  readonly skipped: number;
  readonly manifests: number;
  readonly referrers: number;
  readonly blobs: readonly BlobReport[];
}
