import { bytesOfText, textOfBytes } from '../../../../images/layers/byte-text.ts';
import { splitEntryPath } from '../../../../images/layers/entry-path.ts';
import { modeText, timeText } from '../../../../images/layers/file-details.ts';
import type { FileIndex } from '../../../../images/layers/file-index.ts';
import { KIND, type FileRecord } from '../../../../images/layers/file-record.ts';
import { listFiles, pathOf } from '../../../../images/layers/list-files.ts';
import type { EntryList } from '../../../../images/layers/lists/entry-list.ts';
import { findHidden, type HiddenFile } from '../../../../images/layers/lists/hidden-files.ts';
import type { resolvePath } from '../../../../images/layers/resolve-path.ts';
import type { EntryKind } from '../../../../images/layers/tar/layer-reader.ts';
import type { FileRow, FilesQuestion, FilesReply } from './question.ts';

/** As many files of a directory as one page shows. */
const MOST_ROWS = 500;

interface Listing {
  readonly index: FileIndex;
  /** Of all layers, the lowest first. */
  readonly lists: readonly EntryList[];
  readonly found: ReturnType<typeof resolvePath>;
  readonly question: FilesQuestion;
}

/** Lists a directory of an image; on request with what later layers hid there, and also one that is hidden itself. */
export function listDirectory({ index, lists, found, question }: Listing): FilesReply {
  const { layers, hasHidden, from } = question;
  const isThere = found.kind === 'found';
  const path = isThere ? pathOf(index, found.node) : ownPath(question.path);
  const hidden =
    hasHidden && path !== undefined
      ? findHidden(
          lists,
          path.split('/').filter((it) => it !== ''),
        )
      : [];
  if (path === undefined || (!isThere && hidden.length === 0)) return { kind: 'missing' };
  const names = isThere ? [...listFiles(index, found.node, { isRecursive: false, hasWhiteouts: false })] : [];
  const own = names.map((file) => ({ name: file.path.slice(file.path.lastIndexOf('/') + 1), file }));
  const gone = hidden.map((file) => ({ name: file.name, gone: file }));
  const all = [...own, ...gone].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const rows = all.slice(from, from + MOST_ROWS).map((item) => {
    if ('gone' in item) return hiddenRow(path, item.gone);
    const node = index.table.find(isThere ? found.node : 0, item.name);
    return rowOf(index, node, layers.length);
  });
  return { kind: 'directory', path: textOfBytes(path), rows, total: all.length };
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

const KIND_OF: Readonly<Record<EntryKind, FileRecord['kind']>> = {
  file: KIND.file,
  link: KIND.link,
  symlink: KIND.symlink,
  character: KIND.character,
  block: KIND.block,
  directory: KIND.directory,
  fifo: KIND.fifo,
};

function hiddenRow(directory: string, { name, entry, layer, hiddenBy, how }: HiddenFile): FileRow {
  const kind = entry === undefined ? KIND.implied : KIND_OF[entry.kind];
  const { mode = 0o755, uid = 0, gid = 0, size = 0, mtime = 0, link = '' } = entry ?? {};
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
