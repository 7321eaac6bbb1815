import { LEFTOVER } from './entry-path.ts';
import type { FileIndex } from './file-index.ts';
import { FLAG, KIND, type FileRecord } from './file-record.ts';
import { ROOT } from './file-table.ts';

/** A file of an image, or of one layer. */
export interface ListedFile {
  /** From the root, without a slash before it; a byte string. Empty: the root. */
  readonly path: string;
  readonly record: FileRecord;
  /** A directory that hides what lower layers have in it. */
  readonly isOpaque: boolean;
}

export interface ListOptions {
  /** Whether what is in directories is listed too. */
  readonly isRecursive: boolean;
  /** Whether removed files are listed, as in one layer. */
  readonly hasWhiteouts: boolean;
}

/** Lists what is in a directory, or the file itself, in the order of their bytes. */
export function* listFiles(index: FileIndex, start: number, options: ListOptions): Generator<ListedFile> {
  const path = pathOf(index, start);
  if (index.table.kindOf(start) > KIND.directory) {
    yield listed(index, start, path);
    return;
  }
  // Not by recursion: a hostile path has thousands of directories.
  const open = [{ children: index.table.sortedChildren(start), at: 0, path }];
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const child = level.children[level.at];
    level.at += 1;
    if (child === undefined) {
      open.pop();
      continue;
    }
    const name = index.table.nameOf(child);
    const kind = index.table.kindOf(child);
    if (name.startsWith(LEFTOVER) || (kind === KIND.whiteout && !options.hasWhiteouts)) continue;
    const itsPath = level.path === '' ? name : `${level.path}/${name}`;
    yield listed(index, child, itsPath);
    if (options.isRecursive && kind <= KIND.directory)
      open.push({ children: index.table.sortedChildren(child), at: 0, path: itsPath });
  }
}

function listed({ table }: FileIndex, node: number, path: string): ListedFile {
  const record = table.record(node);
  const isOpaque =
    record.kind <= KIND.directory && (table.hasFlag(node, FLAG.opaque) || table.hasFlag(node, FLAG.replaced));
  return { path, record, isOpaque };
}

/** The path of a node, a byte string without a slash before it. */
export function pathOf({ table }: FileIndex, node: number): string {
  const names: string[] = [];
  for (let at = node; at > ROOT; at = table.parentOf(at)) names.push(table.nameOf(at));
  return names.toReversed().join('/');
}
