/** What a cache has done since it was opened, and what it holds. Numbers of this process; the directory is everyone's. */
export interface CacheCounters {
  /** Answers from the disk. */
  readonly hits: number;
  /** Answers that were left to the registry. */
  readonly misses: number;
  /** Blobs that were taken in whole. */
  readonly fills: number;
  /** Answers from a blob that was being taken in, its first client included. */
  readonly joins: number;
  /** Bytes of bodies that came from the disk. */
  readonly servedBytes: number;
  /** Blobs that made room. */
  readonly evictions: number;
  /** Bytes of all blobs in the directory, as far as this process knows. */
  readonly residentBytes: number;
}
