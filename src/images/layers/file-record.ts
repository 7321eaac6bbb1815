/** What is known of a file beside its name. `link` is a byte string. */
export interface FileRecord {
  readonly kind: FileKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes; of a device, its two numbers: major * 2^32 + minor. */
  readonly size: number;
  /** In seconds since 1970. */
  readonly mtime: number;
  /** Where a symbolic link leads, or the path that a hard link was made of. */
  readonly link: string;
  /** The layer that holds its bytes, counted from the top, and the number of its entry there. -1: none. */
  readonly contentLayer: number;
  readonly entry: number;
}

export const KIND = {
  /** There is no file any more. */
  none: 0,
  /** A directory that only a path names. */
  implied: 1,
  directory: 2,
  file: 3,
  symlink: 4,
  /** A hard link whose file has not been met. */
  link: 5,
  character: 6,
  block: 7,
  fifo: 8,
  /** A file that a layer removes. */
  whiteout: 9,
} as const;

export type FileKind = (typeof KIND)[keyof typeof KIND];
/** All kinds, at their numbers. */
export const KINDS: readonly FileKind[] = Object.values(KIND);

/** What the index remembers of a node while it looks at further layers. */
export const FLAG = {
  /** Nothing in lower layers adds to it. */
  sealed: 1,
  /** A layer made the directory opaque. */
  opaque: 2,
  /** A layer removed what was there before it made this. */
  replaced: 4,
} as const;
