import { bytesOfText } from '../../../../images/layers/byte-text.ts';
import { FileIndex } from '../../../../images/layers/file-index.ts';
import { KIND } from '../../../../images/layers/file-record.ts';
import type { EntryList } from '../../../../images/layers/lists/entry-list.ts';
import { resolvePath } from '../../../../images/layers/resolve-path.ts';
import { pathOf } from '../../../../images/layers/list-files.ts';
import type { ImageSource, Registry } from '../../../../images/store.ts';
import { AccountTurns } from './account-turns.ts';
import { KeptOrders } from './kept-orders.ts';
import { listDirectory, rowOf } from './list-directory.ts';
import type { AskedLayer, FilesQuestion, FilesReply } from './question.ts';
import { readContent, readList, type ReadLayer } from './read-layers.ts';
import { ReadingJobs, type Asker, type JobState } from './reading-jobs.ts';

const MIB = 1024 * 1024;
/** What the lists of files of layers take together. */
const LISTS_BYTES = 160 * MIB;
/** What the tree of one image takes. */
const INDEX_BYTES = 128 * MIB;
/** What is kept of files that were shown. */
const CONTENTS_BYTES = 8 * MIB;
/** The most bytes that a layer may unpack to, and all layers of an image. */
const UNPACKED_BYTES = 16 * 1024 * MIB;
/** How long a page waits before it says that layers are being read. */
const PATIENCE_MS = 2500;

/** The image that was asked for last. */
interface LastImage {
  readonly key: string;
  readonly index: FileIndex;
  readonly orders: KeptOrders;
}

interface FilesOptions {
  readonly registry: Pick<Registry, 'repository'>;
  /** Layers that are larger as they are stored are not looked into. */
  readonly largestLayer: number;
  /** The most bytes that a layer may unpack to, and all layers of an image. Default: 16 GiB. */
  readonly mostUnpacked?: number;
  /** Resolves when a page waits no longer, and says that layers are being read. Default: after 2.5 seconds. */
  readonly patience?: () => Promise<void>;
}

/** Answers questions about the files of images. */
export function createFilesAnswers({
  registry,
  largestLayer,
  mostUnpacked: limit = UNPACKED_BYTES,
  patience: waits = () => after(PATIENCE_MS),
}: FilesOptions): (question: FilesQuestion) => Promise<FilesReply> {
  const lists = new ReadingJobs<ReadLayer>({ mostBytes: LISTS_BYTES, atOnce: 2, waiting: 512 });
  const contents = new ReadingJobs<Buffer>({ mostBytes: CONTENTS_BYTES, atOnce: 2, waiting: 32 });
  const turns = new AccountTurns();
  let last: LastImage | undefined;
  const imageOf = (key: string, layers: readonly EntryList[]): LastImage => {
    if (last?.key !== key) last = { key, index: buildIndex(layers), orders: new KeptOrders() };
    return last;
  };
  return async (question) => {
    const { repository, layers, owner } = question;
    const large = layers.findIndex(({ size }) => size > largestLayer);
    if (large >= 0) return { kind: 'too-large', layer: large + 1, size: layers[large]?.size ?? 0 };
    const keys = layers.map((layer) => keyOf(repository, layer));
    const known = keys.map((key) => lists.peek(key)?.unpacked ?? 0);
    if (sum(known) > limit) return tooMuch(limit);
    const source = registry.repository(repository);
    const asker = { owner, patience: waits() };
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
    if (sum(whole.map(({ unpacked }) => unpacked)) > limit) return tooMuch(limit);
    const all = whole.map(({ list }) => list);
    const key = JSON.stringify([repository, layers.map(({ digest }) => digest)]);
    const looked = await turns.take(owner, () => {
      const { index, orders } = imageOf(key, all);
      const found = resolvePath(index, bytesOfText(question.path), { followLast: true, isComplete: true });
      if (found.kind === 'found' && !index.table.isDirectory(found.node)) return { index, node: found.node };
      return listDirectory({ index, orders, lists: all, found, question });
    });
    if (looked === undefined) return { kind: 'busy' };
    if ('kind' in looked) return looked;
    return showFile({ ...looked, source, contents, asker, limit }, question);
  };
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
