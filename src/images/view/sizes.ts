import type { Descriptor } from '../model/descriptor.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { isStored } from '../model/media-types.ts';

/** Adds sizes up. */
export function totalSize(blobs: readonly { readonly size: number }[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

/** Returns the blobs that a pull fetches from the registry, each once: the config and the layers. */
function pulledBlobs({ config, layers }: ImageManifest): readonly Descriptor[] {
  const blobs = [config, ...layers].filter(isStored);
  return [...new Map(blobs.map((blob) => [blob.digest.text, blob])).values()];
}

/** Returns how many bytes a pull fetches: each layer once, and the config. With `held`, on a host that has these blobs. */
export function pullSize(manifest: ImageManifest, held: ReadonlySet<string> = new Set()): number {
  return totalSize(pulledBlobs(manifest).filter(({ digest }) => !held.has(digest.text)));
}
