/** A layer as a thread is told of it: plain data. */
export interface AskedLayer {
  readonly mediaType: string;
  readonly digest: string;
  /** As it is stored, in bytes. */
  readonly size: number;
}

/** What a page asks about the files of an image. Who asks may see the repository. */
export interface FilesQuestion {
  readonly repository: string;
  /** The account of who asks; empty for all who did not sign in. Accounts take turns. */
  readonly owner: string;
  /** The lowest first. */
  readonly layers: readonly AskedLayer[];
  /** As the address has it, with `\xff` for bytes that are not UTF-8. */
  readonly path: string;
  /** Whether files are listed that a later layer removed or replaced. */
  readonly hasHidden: boolean;
  /** How many files of the directory are passed over. */
  readonly from: number;
}

/** A file in a list. */
export interface FileRow {
  readonly name: string;
  /** The path for an address. Undefined where no address can hold it. */
  readonly path: string | undefined;
  readonly isDirectory: boolean;
  /** `drwxr-xr-x`. */
  readonly mode: string;
  readonly owner: string;
  /** In bytes. Undefined for what has no bytes of its own. */
  readonly size: number | undefined;
  /** RFC 3339. Empty for a directory that only the paths of files name. */
  readonly modified: string;
  /** Where a link leads; empty for others. */
  readonly link: string;
  /** The layer that brought it, the lowest being 1. */
  readonly layer: number;
  /** Undefined for a file of the image. */
  readonly hidden: { readonly by: number; readonly how: 'removed' | 'replaced' } | undefined;
}

/** What a page is told. */
export type FilesReply =
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly rows: readonly FileRow[];
      readonly total: number;
    }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly row: FileRow;
      /** The beginning, or all of it. */
      readonly bytes: Uint8Array;
    }
  /** Layers are being read: so many bytes of so many. Asking again later tells more. */
  | { readonly kind: 'reading'; readonly read: number; readonly total: number }
  /** `busy`: too many ask at once. `missing`: there is no such file. `no-bytes`: it is a device or the like. */
  | { readonly kind: 'busy' | 'missing' | 'no-bytes' }
  /** The layer is larger than layers may be that are looked into. */
  | { readonly kind: 'too-large'; readonly layer: number; readonly size: number }
  /** A layer can't be read. */
  | { readonly kind: 'unreadable'; readonly reason: string };
