import { AppError } from '../../lib/errors.ts';
import { decompressAny } from '../compression/decompress.ts';
import { invalidImage, type Descriptor } from '../model/descriptor.ts';
import type { ImageSource, Pieces } from '../store.ts';
import { splitEntryPath } from './entry-path.ts';
import { FileIndex, MOST_LAYERS, type OnNote } from './file-index.ts';
import { checkReadable, notFound } from './file-problems.ts';
import type { FileRecord } from './file-record.ts';
import { readLayer, type LayerEntry } from './tar/layer-reader.ts';
import { resolvePath } from './resolve-path.ts';

export interface FilesOptions {
  /** The most bytes that one layer may unpack to. */
  readonly limit: number;
  readonly onNote: OnNote;
  readonly signal?: AbortSignal;
  /** The most memory that the list of files may take. Default: 512 MiB, enough for four million files. */
  readonly mostBytes?: number;
}

const MOST_INDEX_BYTES = 512 * 1024 * 1024;
/** A file up to this size is kept in memory while its layer is looked through; a larger one is fetched again. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** The layers of an image, the lowest first, and where they are. */
export interface Layers {
  readonly source: ImageSource;
  readonly layers: readonly Descriptor[];
}

interface Steps {
  /** Called with each entry before it is placed, with the number that it gets. */
  readonly onEntry?: (entry: LayerEntry, layer: number, number: number) => Promise<void>;
  /** Called after each layer: whether those below need not be read. */
  readonly isEnough?: (index: FileIndex) => boolean;
}

/**
 * Reads the files of layers, the topmost first. Nothing is kept of a layer but the list of its files, and nothing is
 * written to disk. Throws AppError IMAGE_INVALID, BLOB_MISSING, DIGEST_MISMATCH.
 */
export async function readFiles(
  { source, layers }: Layers,
  options: FilesOptions,
  { onEntry, isEnough }: Steps = {},
): Promise<FileIndex> {
  if (layers.length > MOST_LAYERS) throw invalidImage(`it has more than ${MOST_LAYERS} layers`);
  const index = new FileIndex(options.mostBytes ?? MOST_INDEX_BYTES, options.onNote);
  for (const layer of layers.toReversed()) {
    index.beginLayer();
    let number = 0;
    for await (const entry of openLayer(source, layer, options)) {
      if (onEntry !== undefined) await onEntry(entry, index.layer, number);
      index.add(entry);
      number += 1;
    }
    if (isEnough?.(index) === true) break;
  }
  return index;
}

/**
 * Reads one file. `path` is a byte string, and may lead through symbolic links. Layers are read from the top down until
 * the answer is certain, each to its end: a later entry of the same name wins, and only then the digest is checked.
 * Throws AppError IMAGE_FILE_UNREADABLE if there is no such file, or it has no bytes.
 */
export async function* readFile(layers: Layers, path: string, options: FilesOptions): Pieces {
  const kept = new KeptFile(path);
  const index = await readFiles(layers, options, {
    onEntry: (entry, layer, number) => kept.see(entry, layer, number),
    isEnough: (soFar) => resolvePath(soFar, path, { followLast: true, isComplete: false }).kind !== 'open',
  });
  const found = resolvePath(index, path, { followLast: true, isComplete: true });
  if (found.kind !== 'found') throw notFound(path, found.kind);
  const record = index.table.record(found.node);
  checkReadable(path, record);
  yield* kept.piecesOf(record) ?? fetchContent(layers, record, options);
}

async function* fetchContent(
  { source, layers }: Layers,
  { contentLayer, entry: wanted }: FileRecord,
  options: FilesOptions,
): Pieces {
  const layer = layers.at(-1 - contentLayer);
  if (layer === undefined) return;
  let number = 0;
  // What comes after it is read too, so that its digest is checked.
  for await (const entry of openLayer(source, layer, options)) {
    if (number === wanted) yield* entry.content();
    number += 1;
  }
}

/** The bytes of the last small file of a path that was seen. */
class KeptFile {
  readonly #path: string;
  #layer = -1;
  #number = -1;
  #pieces: Buffer[] = [];

  constructor(path: string) {
    this.#path = path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
  }

  async see(entry: LayerEntry, layer: number, number: number): Promise<void> {
    if (entry.kind !== 'file' || entry.size > KEPT_BYTES || !entry.name.endsWith(this.#path)) return;
    const parts = splitEntryPath(entry.name);
    if (typeof parts === 'string' || parts.join('/') !== this.#path) return;
    const pieces: Buffer[] = [];
    for await (const piece of entry.content()) pieces.push(Buffer.from(piece));
    [this.#layer, this.#number, this.#pieces] = [layer, number, pieces];
  }

  piecesOf({ contentLayer, entry }: FileRecord): Pieces | undefined {
    return contentLayer === this.#layer && entry === this.#number ? each(this.#pieces) : undefined;
  }
}

async function* each(pieces: readonly Buffer[]): Pieces {
  yield* pieces;
}

/** Is told of the bytes that a layer unpacks to, before they are read. */
type OnBytes = (count: number) => void;

async function* counted(pieces: Pieces, onBytes: OnBytes): Pieces {
  for await (const piece of pieces) {
    onBytes(piece.byteLength);
    yield piece;
  }
}

/**
 * Reads the entries of a layer, whatever it is compressed with, to its end. Throws AppError IMAGE_INVALID, BLOB_MISSING,
 * DIGEST_MISMATCH.
 */
export function openLayer(
  source: Pick<ImageSource, 'readBlob'>,
  layer: Descriptor,
  { limit, signal, onBytes }: Pick<FilesOptions, 'limit' | 'signal'> & { readonly onBytes?: OnBytes },
): AsyncIterable<LayerEntry> {
  const name = layer.digest.text;
  const blob = source.readBlob(layer, signal === undefined ? {} : { signal });
  const unpacked = decompressAny(blob, (reason) => invalidImage(`its layer ${name} is damaged: ${reason}`));
  return readLayer(onBytes === undefined ? unpacked : counted(unpacked, onBytes), {
    limit,
    tooLarge: () =>
      new AppError('IMAGE_INVALID', {
        message: `The layer ${name} unpacks to more than ${limit} bytes, the limit.`,
        hint: 'If you trust the image, allow more: --limit 64GiB',
      }),
  });
}
