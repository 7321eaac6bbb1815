import { invalidImage, makeDescriptor, type Descriptor } from '../../model/descriptor.ts';
import { layerCompression, type Compression } from '../../model/media-types.ts';
import { createCompressor } from '../../compression/compress.ts';
import { decompress } from '../../compression/decompress.ts';
import { through } from '../../compression/through.ts';
import type { Pieces } from '../../store.ts';
import type { Transfer } from '../request/transfer.ts';
import { layerType, type Format } from './layer-types.ts';

/** Annotations that tell where the files stand in the compressed bytes, which are others now (stargz, zstd:chunked). */
const OF_COMPRESSED_BYTES =
  /^(?:containerd\.io\/snapshot\/|io\.(?:github\.)?containers\.(?:zstd-chunked|estargz)\.)/;

/**
 * Brings a layer into the target with another compression, in one pass. Returns its descriptor there. Throws AppError
 * DIGEST_MISMATCH, IMAGE_INVALID if its bytes can't be decompressed, and what source and target throw.
 */
export async function convertLayer(
  transfer: Transfer,
  layer: Descriptor,
  to: { readonly format: Format; readonly compression: Compression },
): Promise<Descriptor> {
  const { request, session, signal, observer } = transfer;
  const { source, target } = request;
  return session.inLane(async () => {
    signal.throwIfAborted();
    observer?.started(layer);
    let moved = 0;
    const read = (): Pieces => {
      observer?.moved(layer, -moved);
      moved = 0;
      const bytes = counted(source.readBlob(layer, { signal }), (count) => {
        moved += count;
        observer?.moved(layer, count);
      });
      return recompressed(bytes, layerCompression(layer.mediaType) ?? 'none', to.compression);
    };
    const content = await target.putNewBlob(read, { signal });
    observer?.finished(layer, 'converted');
    const mediaType = layerType(layer.mediaType, to.format, to.compression);
    return makeDescriptor({ mediaType, ...content }, withoutPlaces(layer));
  });
}

function recompressed(bytes: Pieces, from: Compression, to: Compression): Pieces {
  const plain = decompress(bytes, from, (reason) => invalidImage(`a layer can't be decompressed: ${reason}`));
  return to === 'none' ? plain : through(plain, createCompressor(to));
}

async function* counted(pieces: Pieces, onBytes: (count: number) => void): Pieces {
  for await (const piece of pieces) {
    onBytes(piece.byteLength);
    yield piece;
  }
}

function withoutPlaces({ json, annotations }: Descriptor): Descriptor['json'] {
  const kept = Object.entries(annotations).filter(([name]) => !OF_COMPRESSED_BYTES.test(name));
  const { annotations: _before, ...rest } = json;
  return kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) };
}
