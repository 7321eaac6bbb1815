import { hash } from 'node:crypto';
import { bytesOfText } from '../../../../images/layers/byte-text.ts';
import { FileIndex } from '../../../../images/layers/file-index.ts';
import { KIND } from '../../../../images/layers/file-record.ts';
import type { EntryList } from '../../../../images/layers/lists/entry-list.ts';
import { resolvePath } from '../../../../images/layers/resolve-path.ts';
import { pathOf } from '../../../../images/layers/list-files.ts';
import type { ImageSource, Registry } from '../../../../images/store.ts';
import { AccountTurns } from './account-turns.ts';
import { KeptOrders } from './kept-orders.ts';
import { KeptTrees } from './kept-trees.ts';
import { listDirectory, rowOf } from './list-directory.ts';
import type { AskedLayer, FilesQuestion, FilesReply } from './question.ts';
import { readContent, readList, type ReadLayer } from './read-layers.ts';
import { ReadingJobs, type Asker, type JobState } from './reading-jobs.ts';

const MIB = 1024 * 1024;
/** What the lists of files of layers take together. */
const LISTS_BYTES = 160 * MIB;
/** What the tree of one image takes, and the trees that are kept take together. */
const INDEX_BYTES = 128 * MIB;
const TREES_BYTES = 128 * MIB;
/** What is kept of files that were shown. */
const CONTENTS_BYTES = 8 * MIB;
/** The most bytes that a layer may unpack to, and all layers of an image. */
const UNPACKED_BYTES = 16 * 1024 * MIB;
/** How long a page waits before it says that layers are being read. */
const PATIENCE_MS = 2500;

interface FilesOptions {
  readonly registry: Pick<Registry, 'repository'>;
  /** Layers that are larger as they are stored are not looked into. */
  readonly largestLayer: number;
  /** The most bytes that a layer may unpack to, and all layers of an image. Default: 16 GiB. */
  readonly mostUnpacked?: number;
  /** What the lists of files of layers take together, in bytes. Default: 160 MiB. */
  readonly listsBytes?: number;
  /** Resolves when a page waits no longer, and says that layers are being read. Default: after 2.5 seconds. */
  readonly patience?: () => Promise<void>;
}

/** Answers questions about the files of images. */
export function createFilesAnswers({
  registry,
  largestLayer,
  mostUnpacked: limit = UNPACKED_BYTES,
  listsBytes = LISTS_BYTES,
  patience: waits = () => after(PATIENCE_MS),
}: FilesOptions): (question: FilesQuestion) => Promise<FilesReply> {
  const lists = new ReadingJobs<ReadLayer>({ mostBytes: listsBytes, atOnce: 2, waiting: 512 });
  const contents = new ReadingJobs<Buffer>({ mostBytes: CONTENTS_BYTES, atOnce: 2, waiting: 32 });
  const turns = new AccountTurns();
  const trees = new KeptTrees(TREES_BYTES);
  const orders = new KeptOrders();
  /** In a turn of who asks. `gone`: the tree is not kept, and there are no lists to make it from. */
  const look = (key: string, question: FilesQuestion, read?: readonly EntryList[]): Promise<Looked> =>
    turns.take(question.owner, () => {
      const index = trees.get(key) ?? (read && trees.add(key, buildIndex(read)));
      if (index === undefined) return 'gone';
      const found = resolvePath(index, bytesOfText(question.path), { followLast: true, isComplete: true });
      if (found.kind === 'found' && !index.table.isDirectory(found.node)) return { index, node: found.node };
      return listDirectory({ key, index, orders, lists: read ?? [], found, question });
    });
  return async (question) => {
    const { repository, layers, owner } = question;
    const large = layers.findIndex(({ size }) => size > largestLayer);
    if (large >= 0) return { kind: 'too-large', layer: large + 1, size: layers[large]?.size ?? 0 };
    const source = registry.repository(repository);
    const asker = { owner, patience: waits() };
    const key = keyOfImage(question);
    // What layers hide is in their lists alone.
    let looked = question.hasHidden ? 'gone' : await look(key, question);
    if (looked === 'gone') {
      const read = await readLists({ lists, source, asker, limit }, question);
      if ('kind' in read) return read;
      looked = await look(key, question, read);
    }
    if (looked === undefined || looked === 'gone') return { kind: 'busy' };
    if ('kind' in looked) return looked;
    return showFile({ ...looked, source, contents, asker, limit }, question);
  };
}

/** A file to show, a reply, or why there is neither: `gone`, or undefined where too much waits. */
type Looked = Pick<ShownFile, 'index' | 'node'> | FilesReply | 'gone' | undefined;

interface ReadLists {
  readonly lists: ReadingJobs<ReadLayer>;
  readonly source: ImageSource;
  readonly asker: Asker;
  /** The most bytes that the layers may unpack to. */
  readonly limit: number;
}

/** Reads the lists of all layers, the lowest first, or says why there are none. */
async function readLists(
  { lists, source, asker, limit }: ReadLists,
  { repository, layers }: FilesQuestion,
): Promise<readonly EntryList[] | FilesReply> {
  const keys = layers.map((layer) => keyOf(repository, layer));
  if (sum(keys.map((key) => lists.peek(key)?.unpacked ?? 0)) > limit) return tooMuch(limit);
  const read = await Promise.all(
    layers.map((layer) =>
      lists.ask(keyOf(repository, layer), asker, (reading) => readList({ source, layer, limit }, reading)),
    ),
  );
  const whole = joinStates(read, layers);
  if ('kind' in whole) {
    // It is said once, and then tried again: the registry may have been away.
    for (const key of keys) lists.forgetFailure(key);
    return whole;
  }
  return sum(whole.map(({ unpacked }) => unpacked)) > limit ? tooMuch(limit) : whole.map(({ list }) => list);
}

interface ShownFile {
  readonly index: FileIndex;
  readonly node: number;
  readonly source: ImageSource;
  readonly contents: ReadingJobs<Buffer>;
  readonly asker: Asker;
  readonly limit: number;
}

async function showFile(
  { index, node, source, contents, asker, limit }: ShownFile,
  { repository, layers }: FilesQuestion,
): Promise<FilesReply> {
  const { kind, contentLayer, entry } = index.table.record(node);
  if (kind !== KIND.file) return { kind: 'no-bytes' };
  const layer = layers.at(-1 - contentLayer);
  if (layer === undefined) return { kind: 'missing' };
  const key = `${keyOf(repository, layer)} ${entry}`;
  const state = await contents.ask(key, asker, (reading) =>
    readContent({ source, layer, limit }, entry, reading),
  );
  if (state.kind === 'done') {
    const row = rowOf(index, node, layers.length);
    return { kind: 'file', path: pathOf(index, node), row, bytes: state.value };
  }
  contents.forgetFailure(key);
  const ended = joinStates([state], [layer]);
  return 'kind' in ended ? ended : { kind: 'missing' };
}

/** By repository too: who may see a layer there may not see it in another one. */
function keyOf(repository: string, { digest }: AskedLayer): string {
  return `${repository} ${digest}`;
}

/** An image may have thousands of layers. */
function keyOfImage({ repository, layers }: FilesQuestion): string {
  const text = JSON.stringify([repository, layers.map(({ digest, mediaType }) => [digest, mediaType])]);
  return hash('sha256', text, 'base64url');
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function tooMuch(limit: number): FilesReply {
  return {
    kind: 'unreadable',
    reason: `Its layers unpack to more than ${limit} bytes, the limit of a page.`,
  };
}

function joinStates<T>(
  states: readonly JobState<T>[],
  layers: readonly AskedLayer[],
): readonly T[] | FilesReply {
  const values: T[] = [];
  let read = 0;
  let isRunning = false;
  for (const [at, state] of states.entries()) {
    if (state.kind === 'failed') return { kind: 'unreadable', reason: state.error.message };
    if (state.kind === 'refused') return { kind: 'busy' };
    if (state.kind === 'done') values.push(state.value);
    isRunning ||= state.kind === 'running';
    read += state.kind === 'running' ? state.read : (layers[at]?.size ?? 0);
  }
  if (!isRunning) return values;
  return { kind: 'reading', read, total: sum(layers.map(({ size }) => size)) };
}

function buildIndex(lists: readonly EntryList[]): FileIndex {
  const index = new FileIndex(INDEX_BYTES, () => undefined);
  for (const list of lists.toReversed()) {
    index.beginLayer();
    for (const entry of list) index.add(entry);
  }
  return index;
}
