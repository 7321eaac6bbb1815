/** Whether somebody may know of a repository. Undefined: they may know of all. */
export type Visible = ((name: string) => boolean) | undefined;

/** One page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Given as `after`, it asks for the next page. Undefined on the last one. */
  readonly next: string | undefined;
  /** How many rows all pages have. */
  readonly total: number;
}

/** Which page of a list. */
export interface PageQuery {
  /** `next` of the page before. What is no such text means the first page. */
  readonly after?: string | undefined;
  /** From 1 to 1000. */
  readonly limit: number;
}

export interface RepositoriesQuery extends PageQuery {
  /** Only what is below it: `team`, without a slash at its end. Default: everything. */
  readonly folder?: string | undefined;
  /** Only repositories whose name holds this text, in any case. */
  readonly search?: string | undefined;
  /** Whether repositories of folders in the folder are rows too. Default: where something is searched for. */
  readonly deep?: boolean | undefined;
  readonly sort: 'name' | 'pushed' | 'size' | 'tags';
  readonly descending: boolean;
  readonly visible: Visible;
}

export interface RepositoryRow {
  readonly name: string;
  readonly tags: number;
  /** Bytes of all that its tags need, each blob once. What is kept without a tag is not counted. */
  readonly size: number;
  /** The last push of a tag through this gate. */
  readonly pushed: Date | undefined;
  /** Undefined for an anonymous push too. */
  readonly pushedBy: string | undefined;
  /** Whether all its tags have been read: if not, size and tags are at least this. */
  readonly complete: boolean;
}

/** A folder that holds repositories, at any depth. */
export interface FolderRow {
  /** `team/tools`. */
  readonly folder: string;
  readonly repositories: number;
  readonly pushed: Date | undefined;
}

export interface RepositoriesPage extends Page<RepositoryRow> {
  /** The folders right below the folder of the query, by name, at most 1000. Empty where `deep` holds. */
  readonly folders: readonly FolderRow[];
}

export interface TagsQuery extends PageQuery {
  readonly repository: string;
  readonly sort: 'version' | 'name' | 'pushed' | 'size';
  /** Of versions and pushes: the newest first. */
  readonly descending: boolean;
  /** Only tags that hold this text, in any case. */
  readonly search?: string | undefined;
  /** Only tags that people gave, or only those that stand for what belongs to an image: `sha256-...`. Default: all. */
  readonly of?: 'images' | 'referrers' | undefined;
}

export interface TagRow {
  readonly tag: string;
  /** Of the index, if there is one. Undefined while nothing has been read of it, as all that follows. */
  readonly digest: string | undefined;
  readonly mediaType: string | undefined;
  /** What it is, if it is no container image. */
  readonly artifactType: string | undefined;
  /** At most 32. */
  readonly platforms: readonly string[];
  /** Bytes that a pull of one platform fetches. */
  readonly size: number | undefined;
  /** Bytes of everything behind the tag, each blob once: all platforms, their attestations, and the manifests. */
  readonly total: number | undefined;
  /** Bytes that only this tag of the repository needs. */
  readonly alone: number | undefined;
  /** As the image says; anything is possible. */
  readonly created: Date | undefined;
  /** The last push of the tag through this gate. */
  readonly pushed: Date | undefined;
  readonly pushedBy: string | undefined;
  /** The last pull through this gate, by the tag or its digest, to the minute. */
  readonly pulled: Date | undefined;
  /** Why nothing is known of it: a manifest that is gone or can't be read. */
  readonly problem: string | undefined;
}

export interface SpaceQuery extends PageQuery {
  readonly visible: Visible;
}

/** What a repository takes. */
export interface RepositorySpace {
  readonly name: string;
  /** Bytes of all that its tags need, each blob once. */
  readonly size: number;
  /** Bytes that no other visible repository needs. */
  readonly alone: number;
}

export interface Space extends Page<RepositorySpace> {
  /** Bytes of all visible repositories, each blob once. */
  readonly size: number;
  /** Bytes of the blobs that several visible repositories need, each once. */
  readonly shared: number;
}

/** What a tag takes. */
export interface TagSpace {
  readonly tag: string;
  readonly total: number;
  readonly alone: number;
}

export interface SpaceOfRepository extends Page<TagSpace> {
  readonly size: number;
  /** Bytes of the blobs that several of its tags need, each once. */
  readonly shared: number;
}

/** A manifest without a tag. */
export interface UntaggedManifest {
  readonly digest: string;
  /** When it was pushed, or lost its last tag. */
  readonly since: Date;
}

/** What has passed the gate. */
export interface RegistryEvent {
  readonly kind: 'pushed' | 'deleted' | 'pulled';
  readonly repository: string;
  /** A tag, or a digest. */
  readonly reference: string;
  /** The user; undefined for anonymous clients. */
  readonly by?: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What its keeper is told. `damaged`: a reader has found a fault in the file. `wanted`: somebody looks at a page. */
export type Notice = RegistryEvent | { readonly kind: 'damaged' } | { readonly kind: 'wanted' };

/** How the inventory stands. The numbers are of all repositories: they are for owners. */
export interface InventoryStatus {
  /** `building` until the whole catalog has been read once; `absent` where there is no file that can be read. */
  readonly state: 'absent' | 'building' | 'current';
  readonly repositories: number;
  readonly tags: number;
  /** When the last walk of the whole catalog ended. */
  readonly walkedAt: Date | undefined;
  /** Why the last walk ended early, in a few words. */
  readonly problem: string | undefined;
  /** Bytes of the file. */
  readonly bytes: number;
  /** The file is as large as it may become: nothing more is added. */
  readonly isFull: boolean;
}

/**
 * What repositories, tags, manifests and blobs there are: a cache, made of what passes the gate and of what the registry
 * says, and never believed over it. It knows no rights but `visible`: of a single repository it tells everything.
 */
export interface Inventory {
  /** Makes the first answer quick: somebody is about to look. */
  prepare(): void;
  /** Lists repositories, and the folders that they are in. */
  repositories(query: RepositoriesQuery): Promise<RepositoriesPage>;
  /** Undefined if it is not known. */
  repository(name: string): Promise<RepositoryRow | undefined>;
  /** Lists the tags of a repository; none if it is not known. */
  tags(query: TagsQuery): Promise<Page<TagRow>>;
  /** How many tags of the repository need each of these blobs. A blob that none needs is left out. At most 4096 digests. */
  layerShares(repository: string, digests: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Bytes that only these tags of the repository need: what their removal frees. At most 1000 tags. */
  aloneOf(repository: string, tags: readonly string[]): Promise<number>;
  /**
   * The manifests of the repository that were seen without a tag, the last ones first, at most 1000: pushed through the gate
   * by their digest, or left by a tag that was moved or removed. The registry may have removed them.
   */
  untagged(repository: string): Promise<readonly UntaggedManifest[]>;
  /** A tag that needs each of these, as the manifests of an index are needed. What no tag needs is left out. At most 1000. */
  needing(repository: string, digests: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** What repositories take, the largest first. */
  space(query: SpaceQuery): Promise<Space>;
  /** What the tags of a repository take, first those that need the most alone. */
  spaceOf(repository: string, query: PageQuery): Promise<SpaceOfRepository>;
  /**
   * Asks the registry which tags the repository has, and what the tags of this page are. Resolves when that is done, and
   * after `withinMs` at the latest (default 50): the rest is done afterwards. Asks at most every two seconds. Never
   * rejects.
   */
  refresh(repository: string, page?: Omit<TagsQuery, 'repository'>, withinMs?: number): Promise<void>;
  /** Tells what has passed the gate, or what a page did at the registry. */
  note(event: RegistryEvent): void;
  status(): Promise<InventoryStatus>;
  close(): Promise<void>;
}
