/** A blob that a manifest names: its config, or a layer. Digests are texts here, since they are keys. */
interface KnownBlob {
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/** What is known of one manifest. */
export interface KnownManifest {
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly blobs: readonly KnownBlob[];
  /** The manifests of an index. */
  readonly children: readonly string[];
  /** What it refers to: a signature or an SBOM names its image. */
  readonly subject: string | undefined;
  /** Milliseconds since 1970; undefined if the image does not say it, or was not asked. */
  readonly created: number | undefined;
  /** Of Docker schema 1: its blobs are not known. */
  readonly isOpaque: boolean;
}

/** A repository as a plan sees it: all tags, and every manifest that is reached from them. */
export interface Contents {
  readonly repository: string;
  /** Tag -> digest. */
  readonly tags: ReadonlyMap<string, string>;
  /** By digest. A child that the registry does not have is not in it. */
  readonly manifests: ReadonlyMap<string, KnownManifest>;
  /** Digests that tags of referrers name as their image, and that the registry does not have. */
  readonly absent: ReadonlySet<string>;
}
