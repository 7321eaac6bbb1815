/**
 * What a cache has done since it was opened, and what it holds. The numbers are those of this process; the directory is
 * shared by all.
 */
export interface CacheCounters {
  /** Answers from the disk. */
  readonly hits: number;
  /** Answers from the registry. */
  readonly misses: number;
  /** Blobs stored completely. */
  readonly fills: number;
  /** Answers from a blob that was being filled, including that of the client that began it. */
  readonly joins: number;
  /** Bytes of bodies read from the disk. */
  readonly servedBytes: number;
  /** Blobs removed to make room. */
  readonly evictions: number;
  /** Bytes of all blobs in the directory, as far as this process knows. */
  readonly residentBytes: number;
}
