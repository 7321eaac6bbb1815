import { openLayer } from '../../../../images/layers/image-files.ts';
import { EntryList } from '../../../../images/layers/lists/entry-list.ts';
import { invalidImage, makeDescriptor, type Descriptor } from '../../../../images/model/descriptor.ts';
import type { ImageSource } from '../../../../images/store.ts';
import { parseDigest } from '../../../../oci/digest.ts';
import type { AskedLayer } from './question.ts';
import type { Made, Reading } from './reading-jobs.ts';

const MIB = 1024 * 1024;
/** What the list of the files of one layer takes. */
const LIST_BYTES = 96 * MIB;
/** The most bytes of a file that are shown. */
const MOST_SHOWN = 256 * 1024;
/** How long a layer may take to be read, in milliseconds. */
const LAYER_MS = 180_000;

/** A layer that was read. */
export interface ReadLayer {
  readonly list: EntryList;
  /** What it unpacked to, in bytes. */
  readonly unpacked: number;
}

/** A layer to read, and how. */
interface LayerPlace {
  readonly source: ImageSource;
  readonly layer: AskedLayer;
  /** The most bytes that it may unpack to. */
  readonly limit: number;
}

/** Lists the files of a layer. Throws AppError IMAGE_INVALID, BLOB_MISSING, DIGEST_MISMATCH. */
export async function readList(place: LayerPlace, reading: Reading): Promise<Made<ReadLayer>> {
  const list = new EntryList(LIST_BYTES);
  let unpacked = 0;
  for await (const entry of open(place, reading, (count) => (unpacked += count))) list.add(entry);
  return { value: { list, unpacked }, bytes: list.bytes };
}

/** Reads the beginning of a file of a layer: that of the entry with this number. */
export async function readContent(
  place: LayerPlace,
  wanted: number,
  reading: Reading,
): Promise<Made<Buffer>> {
  const pieces: Buffer[] = [];
  let number = 0;
  // What comes after it is read too, so that the digest of the layer is checked.
  for await (const entry of open(place, reading)) {
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

function open(
  { source, layer, limit }: LayerPlace,
  { onRead, signal }: Reading,
  onBytes: (count: number) => void = () => undefined,
): ReturnType<typeof openLayer> {
  const ends = AbortSignal.any([signal, AbortSignal.timeout(LAYER_MS)]);
  return openLayer(counted(source, onRead), descriptorOf(layer), {
    limit,
    signal: ends,
    onBytes: (count) => {
      // The registry may have sent all of it long ago: a few kilobytes may unpack for minutes.
      ends.throwIfAborted();
      onBytes(count);
    },
  });
}

function counted(source: ImageSource, onRead: Reading['onRead']): Pick<ImageSource, 'readBlob'> {
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
