import type { Digest } from '../oci/digest.ts';
import type { Descriptor } from './model/descriptor.ts';
import type { Manifest, StoredManifest } from './model/manifest.ts';

/** The bytes of a blob, in pieces as they arrive. A piece is valid until the next one is asked for: its memory is used again. */
export type Pieces = AsyncIterable<Uint8Array>;

/** One repository of one registry. Blobs can be mounted between repositories of the same registry. */
export interface Origin {
  readonly registry: string;
  readonly repository: string;
}

/** An image of a source, as one lists it. */
export interface ListedImage {
  /** Tags, or full names where the source is an archive that holds them. */
  readonly names: readonly string[];
  readonly manifest: Descriptor;
}

/**
 * Where images are read from: a repository of a registry, or an archive. All that is returned has been checked against
 * its digest, or is checked as it is read: a pull of wrong bytes ends with AppError DIGEST_MISMATCH.
 */
export interface ImageSource {
  /** How messages name it: `registry.lan/team/app`, `oci-archive:image.tar`. */
  readonly label: string;
  /** Undefined if it is not a registry. */
  readonly origin: Origin | undefined;
  /** Returns a manifest by tag, digest or, in an archive, full name. Undefined if there is none. */
  readManifest(reference: string): Promise<StoredManifest | undefined>;
  /**
   * Reads a blob from this byte on. The digest is checked at the end if `from` is 0; who resumes checks the whole.
   * Throws AppError BLOB_MISSING if there is none.
   */
  readBlob(blob: Descriptor, options?: ReadOptions): Pieces;
  /**
   * Reads a whole blob into memory of its own, and checks its digest: for small ones, of which each piece on its way
   * would cost more than its bytes. Throws as `readBlob` does. Undefined if `readBlob` is as good.
   */
  readonly readWhole?: (blob: Descriptor, options?: Pick<ReadOptions, 'signal'>) => Promise<Uint8Array>;
  /**
   * Lists all tags of the repository, or all images of the archive: by their names, and by digest those without a name.
   * A registry is not asked for the manifests.
   */
  listTags(): AsyncIterable<string>;
  /** Lists what refers to a manifest: signatures, SBOMs, attestations (distribution-spec: "Listing Referrers"). */
  listReferrers(subject: Digest): Promise<readonly Descriptor[]>;
  close(): Promise<void>;
}

export interface ReadOptions {
  /** The first byte. Default: 0. */
  readonly from?: number;
  /** False if the reader checks the digest itself, as the target of a copy does: one hash is enough. Default: true. */
  readonly verify?: boolean;
  readonly signal?: AbortSignal;
}

/** Tells how many more bytes have been transferred. */
export type OnBytes = (count: number) => void;

export interface WriteOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: OnBytes;
}

/** Where images are written to. Nothing is seen there before `putManifest` (a registry) or `commit` (an archive). */
export interface ImageTarget {
  readonly label: string;
  /** Undefined if it is not a registry. */
  readonly origin: Origin | undefined;
  /** True if an entry holds no index, only the image of one platform, as in a docker-archive. */
  readonly isOnePlatform?: boolean;
  hasBlob(blob: Descriptor): Promise<boolean>;
  /** Takes a blob over from another repository of the same registry. False if the registry wants an upload instead. */
  mountBlob(blob: Descriptor, repository: string): Promise<boolean>;
  /**
   * Stores a blob of known digest and size. `read` gives the bytes from a position on, and is called again to resume
   * after a break. Throws AppError DIGEST_MISMATCH if they are not those of the descriptor.
   */
  putBlob(blob: Descriptor, read: (from: number) => Pieces, options?: WriteOptions): Promise<void>;
  /**
   * Stores a small blob. `read` gives all of its bytes, which have been checked, and is called once; what it throws is
   * thrown. Undefined if `putBlob` is as good.
   */
  readonly putWhole?: (
    blob: Descriptor,
    read: () => Promise<Uint8Array>,
    options?: WriteOptions,
  ) => Promise<void>;
  /** Stores bytes that are made on the way, and returns what they are. `read` is called again after a break. */
  putNewBlob(read: () => Pieces, options?: WriteOptions): Promise<Pick<Descriptor, 'digest' | 'size'>>;
  /** Returns what is there already; undefined if there is nothing. */
  readManifest(reference: string): Promise<StoredManifest | undefined>;
  /**
   * Stores a manifest by its digest and, if names are given, under these too. Its blobs and children are there. One with
   * a subject is then listed among the referrers: a registry without that list gets the tag `sha256-<hex>` of the
   * referrers tag schema (distribution-spec: "Referrers Tag Schema"). `parsed`: what it says, if that is known.
   */
  putManifest(manifest: StoredManifest, names: readonly string[], parsed?: Manifest): Promise<void>;
  /** Makes the whole visible: an archive is flushed and renamed into its place. */
  commit(): Promise<void>;
  /** Drops what was not committed. Harmless after `commit`. */
  close(): Promise<void>;
}

/** A repository of a registry: source and target at once. */
export interface Repository extends ImageSource, ImageTarget {
  readonly origin: Origin;
  /** Asks for a manifest without its bytes. Undefined if there is none. The size is -1 if the registry does not say it. */
  findManifest(reference: string): Promise<Pick<Descriptor, 'mediaType' | 'digest' | 'size'> | undefined>;
  /**
   * Deletes a manifest by digest, with all its tags, or removes one tag. `unsupported` if the registry does not do it:
   * distribution 2.8 removes no tag, and deletes only where `storage.delete.enabled` is set.
   */
  deleteManifest(reference: string): Promise<'deleted' | 'missing' | 'unsupported'>;
  /** Deletes a blob that no manifest names. Says nothing where there is none. Throws AppError REGISTRY_REFUSED. */
  deleteBlob(digest: Digest): Promise<void>;
  /** The same repository, for what must not stay half done: the signal of the registry does not end its requests. */
  uninterrupted(): Repository;
}

/** A registry that one talks to: ours, or any other. */
export interface Registry {
  /** Host, and port if there is one. */
  readonly name: string;
  /** Opens a repository. Nothing is asked yet. `signal` ends its requests in place of that of the registry. */
  repository(name: string, signal?: AbortSignal): Repository;
  /**
   * Lists the catalog, page by page. Throws AppError REGISTRY_REFUSED, with what to do instead, where the registry has
   * none or keeps it from this user.
   */
  listRepositories(): AsyncIterable<string>;
  /**
   * Asks whether the registry takes the credential of this user, or nobody's where it wants none. Throws AppError
   * SIGN_IN_FAILED, REGISTRY_REFUSED, REGISTRY_UNREACHABLE.
   */
  signIn(): Promise<void>;
  /** Ends its connections. */
  close(): Promise<void>;
}
