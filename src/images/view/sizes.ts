import type { Descriptor } from '../model/descriptor.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { isForeignLayer } from '../model/media-types.ts';

/** Returns the blobs that a pull fetches from the registry, each once: the config and the layers. */
function pulledBlobs({ config, layers }: ImageManifest): readonly Descriptor[] {
  const blobs = [config, ...layers].filter(
    ({ mediaType, urls }) => !isForeignLayer(mediaType) || urls.length === 0,
  );
  return [...new Map(blobs.map((blob) => [blob.digest.text, blob])).values()];
}

/** Returns how many bytes a pull fetches: each layer once, and the config. With `held`, on a host that has these blobs. */
export function pullSize(manifest: ImageManifest, held: ReadonlySet<string> = new Set()): number {
  const blobs = pulledBlobs(manifest).filter(({ digest }) => !held.has(digest.text));
  return blobs.reduce((sum, { size }) => sum + size, 0);
}
