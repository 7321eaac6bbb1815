import { parseDigest } from '../../../../oci/digest.ts';
import { bytesOfText } from '../../../../images/layers/byte-text.ts';
import { FileIndex } from '../../../../images/layers/file-index.ts';
import { KIND } from '../../../../images/layers/file-record.ts';
import { openLayer } from '../../../../images/layers/image-files.ts';
import { EntryList } from '../../../../images/layers/lists/entry-list.ts';
import { resolvePath } from '../../../../images/layers/resolve-path.ts';
import { pathOf } from '../../../../images/layers/list-files.ts';
import { invalidImage, makeDescriptor, type Descriptor } from '../../../../images/model/descriptor.ts';
import type { ImageSource, Registry } from '../../../../images/store.ts';
import { listDirectory, rowOf } from './list-directory.ts';
import type { AskedLayer, FilesQuestion, FilesReply } from './question.ts';
import { ReadingJobs, type JobState, type Made, type OnRead } from './reading-jobs.ts';

const MIB = 1024 * 1024;
/** What the lists of files of layers take together, and one of them. */
const LISTS_BYTES = 160 * MIB;
const LIST_BYTES = 96 * MIB;
/** What the tree of one image takes. */
const INDEX_BYTES = 128 * MIB;
/** What is kept of files that were shown. */
const CONTENTS_BYTES = 8 * MIB;
/** The most bytes of a file that are shown. */
const MOST_SHOWN = 256 * 1024;
/** The most bytes that a layer may unpack to. */
const UNPACKED_BYTES = 16 * 1024 * MIB;
/** How long a layer may take to be read, in milliseconds. */
const LAYER_MS = 180_000;
/** How long a page waits before it says that layers are being read. */
const PATIENCE_MS = 2500;

interface FilesOptions {
  readonly registry: Pick<Registry, 'repository'>;
  /** Layers that are larger as they are stored are not looked into. */
  readonly largestLayer: number;
  /** Resolves when a page waits no longer, and says that layers are being read. Default: after 2.5 seconds. */
  readonly patience?: () => Promise<void>;
}

type Lists = readonly EntryList[];

/** Answers questions about the files of images. */
export function createFilesAnswers({
  registry,
  largestLayer,
  patience: waits = () => after(PATIENCE_MS),
}: FilesOptions): (question: FilesQuestion) => Promise<FilesReply> {
  const lists = new ReadingJobs<EntryList>({ mostBytes: LISTS_BYTES, atOnce: 2, waiting: 256 });
  const contents = new ReadingJobs<Buffer>({ mostBytes: CONTENTS_BYTES, atOnce: 2, waiting: 32 });
  let last: { readonly key: string; readonly index: FileIndex } | undefined;
  const indexOf = (key: string, layers: Lists): FileIndex => {
    if (last?.key !== key) last = { key, index: buildIndex(layers) };
    return last.index;
  };
  return async (question) => {
    const { repository, layers } = question;
    const large = layers.findIndex(({ size }) => size > largestLayer);
    if (large >= 0) return { kind: 'too-large', layer: large + 1, size: layers[large]?.size ?? 0 };
    const source = registry.repository(repository);
    const patience = waits();
    const read = await Promise.all(
      layers.map((layer) =>
        lists.ask(keyOf(repository, layer), patience, (onRead) => readList(source, layer, onRead)),
      ),
    );
    const whole = joinStates(read, layers);
    if ('kind' in whole) {
      // It is said once, and then tried again: the registry may have been away.
      for (const layer of layers) lists.forgetFailure(keyOf(repository, layer));
      return whole;
    }
    const index = indexOf(JSON.stringify([repository, layers.map(({ digest }) => digest)]), whole);
    const found = resolvePath(index, bytesOfText(question.path), { followLast: true, isComplete: true });
    if (found.kind !== 'found' || index.table.isDirectory(found.node))
      return listDirectory({ index, lists: whole, found, question });
    return showFile({ index, node: found.node, source, contents, patience }, question);
  };
}

interface ShownFile {
  readonly index: FileIndex;
  readonly node: number;
  readonly source: ImageSource;
  readonly contents: ReadingJobs<Buffer>;
  readonly patience: Promise<void>;
}

async function showFile(
  { index, node, source, contents, patience }: ShownFile,
  { repository, layers }: FilesQuestion,
): Promise<FilesReply> {
  const { kind, contentLayer, entry } = index.table.record(node);
  if (kind !== KIND.file) return { kind: 'no-bytes' };
  const layer = layers.at(-1 - contentLayer);
  if (layer === undefined) return { kind: 'missing' };
  const key = `${keyOf(repository, layer)} ${entry}`;
  const state = await contents.ask(key, patience, (onRead) => readContent(source, layer, { entry, onRead }));
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
  return { kind: 'reading', read, total: layers.reduce((sum, { size }) => sum + size, 0) };
}

function buildIndex(lists: Lists): FileIndex {
  const index = new FileIndex(INDEX_BYTES, () => undefined);
  for (const list of lists.toReversed()) {
    index.beginLayer();
    for (const entry of list) index.add(entry);
  }
  return index;
}

async function readList(source: ImageSource, layer: AskedLayer, onRead: OnRead): Promise<Made<EntryList>> {
  const list = new EntryList(LIST_BYTES);
  for await (const entry of openLayer(counted(source, onRead), descriptorOf(layer), reading()))
    list.add(entry);
  return { value: list, bytes: list.bytes };
}

async function readContent(
  source: ImageSource,
  layer: AskedLayer,
  { entry: wanted, onRead }: { readonly entry: number; readonly onRead: OnRead },
): Promise<Made<Buffer>> {
  const pieces: Buffer[] = [];
  let number = 0;
  // What comes after it is read too, so that the digest of the layer is checked.
  for await (const entry of openLayer(counted(source, onRead), descriptorOf(layer), reading())) {
    if (number === wanted) pieces.push(...(await beginningOf(entry.content())));
    number += 1;
  }
  const value = Buffer.concat(pieces).subarray(0, MOST_SHOWN);
  return { value, bytes: value.length + 200 };
}

async function beginningOf(content: AsyncIterable<Uint8Array>): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of content) {
    if (bytes < MOST_SHOWN) pieces.push(Buffer.from(piece));
    bytes += piece.byteLength;
  }
  return pieces;
}

function reading(): { readonly limit: number; readonly signal: AbortSignal } {
  return { limit: UNPACKED_BYTES, signal: AbortSignal.timeout(LAYER_MS) };
}

function counted(source: ImageSource, onRead: OnRead): Pick<ImageSource, 'readBlob'> {
  return {
    readBlob: async function* readBlob(blob, options) {
      for await (const piece of source.readBlob(blob, options)) {
        onRead(piece.byteLength);
        yield piece;
      }
    },
  };
}

function descriptorOf({ mediaType, digest, size }: AskedLayer): Descriptor {
  const parsed = parseDigest(digest);
  if (parsed === undefined) throw invalidImage('a layer of it has no digest');
  return makeDescriptor({ mediaType, digest: parsed, size });
}
