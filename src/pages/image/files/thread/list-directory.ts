import { bytesOfText, textOfBytes } from '../../../../images/layers/byte-text.ts';
import { modeText, timeText } from '../../../../images/layers/file-details.ts';
import { KIND_OF, type FileIndex } from '../../../../images/layers/file-index.ts';
import { KIND, type FileRecord } from '../../../../images/layers/file-record.ts';
import { pathOf } from '../../../../images/layers/list-files.ts';
import type { EntryList } from '../../../../images/layers/lists/entry-list.ts';
import { LEFTOVER, splitEntryPath } from '../../../../images/layers/entry-path.ts';
import { findHidden, type HiddenFile } from '../../../../images/layers/lists/hidden-files.ts';
import type { resolvePath } from '../../../../images/layers/resolve-path.ts';
import type { DirectoryOrder, KeptOrders } from './kept-orders.ts';
import type { FileRow, FilesQuestion, FilesReply } from './question.ts';

/** As many files of a directory as one page shows. */
const MOST_ROWS = 500;

interface Listing {
  /** Names the image. */
  readonly key: string;
  readonly index: FileIndex;
  readonly orders: KeptOrders;
  /** Of all layers, the lowest first. Needed where the question is about hidden files, and may be empty otherwise. */
  readonly lists: readonly EntryList[];
  readonly found: ReturnType<typeof resolvePath>;
  readonly question: FilesQuestion;
}

/** Lists a directory of an image; on request with what later layers hid there, and also one that is hidden itself. */
export function listDirectory({ key, index, orders, lists, found, question }: Listing): FilesReply {
  const { layers, hasHidden, from } = question;
  const isThere = found.kind === 'found';
  const path = isThere ? pathOf(index, found.node) : ownPath(question.path);
  if (path === undefined || (!isThere && !hasHidden)) return { kind: 'missing' };
  const { order, hidden } = orders.get(`${key} ${hasHidden ? '+' : '-'}${path}`, () =>
    putInOrder(
      index.table,
      isThere ? visibleChildren(index.table, found.node) : [],
      hasHidden ? findHidden(lists, partsOf(path)) : [],
    ),
  );
  if (!isThere && order.length === 0) return { kind: 'missing' };
  const rows = [...order.subarray(from, from + MOST_ROWS)].map((node) => {
    const gone = hidden[-1 - node];
    return gone === undefined ? rowOf(index, node, layers.length) : hiddenRow(path, gone, lists);
  });
  return { kind: 'directory', path: textOfBytes(path), rows, total: order.length };
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}

function visibleChildren(table: FileIndex['table'], directory: number): readonly number[] {
  return table
    .sortedChildren(directory)
    .filter((node) => table.kindOf(node) !== KIND.whiteout && !table.nameOf(node).startsWith(LEFTOVER));
}

/** Merges files, sorted by name, with hidden ones; a hidden file comes after the one of its name. */
function putInOrder(
  table: FileIndex['table'],
  own: readonly number[],
  found: readonly HiddenFile[],
): DirectoryOrder {
  const hidden = found.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const order = new Int32Array(own.length + hidden.length);
  let [at, next] = [0, 0];
  for (const node of own) {
    const name = next < hidden.length ? table.nameOf(node) : '';
    for (let gone = hidden[next]; gone !== undefined && gone.name < name; gone = hidden[next]) {
      next += 1;
      order[at] = -next;
      at += 1;
    }
    order[at] = node;
    at += 1;
  }
  for (; next < hidden.length; at += 1) {
    next += 1;
    order[at] = -next;
  }
  return { order, hidden };
}

function ownPath(text: string): string | undefined {
  const parts = splitEntryPath(`/${bytesOfText(text)}`);
  return typeof parts === 'string' ? undefined : parts.join('/');
}

/** A file of the image as a row. */
export function rowOf(index: FileIndex, node: number, layers: number): FileRow {
  const record = index.table.record(node);
  return {
    ...named(pathOf(index, node)),
    ...detailsOf(record),
    layer: layers - index.table.layerOf(node),
    hidden: undefined,
  };
}

/** What is known of a directory that only the paths of files name. */
const IMPLIED_DIRECTORY = { mode: 0o755, uid: 0, gid: 0, size: 0, mtime: 0, link: '' };

function hiddenRow(
  directory: string,
  { name, entry: number, layer, hiddenBy, how }: HiddenFile,
  lists: Listing['lists'],
): FileRow {
  const entry = number === undefined ? undefined : lists[layer]?.at(number);
  const kind = entry === undefined ? KIND.implied : KIND_OF[entry.kind];
  const { mode, uid, gid, size, mtime, link } = entry ?? IMPLIED_DIRECTORY;
  return {
    ...named(directory === '' ? name : `${directory}/${name}`),
    ...detailsOf({ kind, mode, uid, gid, size, mtime, link }),
    layer: layer + 1,
    hidden: { by: hiddenBy + 1, how },
  };
}

function named(path: string): Pick<FileRow, 'name' | 'path'> {
  const text = textOfBytes(path);
  const name = text.slice(text.lastIndexOf('/') + 1);
  // Control characters are taken out of addresses, and a backslash is read as the begin of a byte.
  return {
    name,
    path: /\p{Cc}|\\/u.test(text) && !/^[^\p{Cc}]*\\x[89a-f]/u.test(text) ? undefined : `/${text}`,
  };
}

function detailsOf(
  record: Pick<FileRecord, 'kind' | 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'link'>,
): Omit<FileRow, 'name' | 'path' | 'layer' | 'hidden'> {
  const { kind, uid, gid, size, mtime, link } = record;
  return {
    isDirectory: kind <= KIND.directory,
    mode: modeText(record),
    owner: `${uid}:${gid}`,
    size: kind === KIND.file ? size : undefined,
    modified: kind === KIND.implied ? '' : timeText(mtime),
    link: textOfBytes(link),
  };
}
