import { parseManifest, type ImageManifest, type StoredManifest } from '../../model/manifest.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { layerCompression } from '../../model/media-types.ts';
import type { ImageTarget } from '../../store.ts';
import type { Conversion } from './plan-conversion.ts';

/** As many images of an index are looked at. */
const MOST_CHILDREN = 32;

/** Lists the images that stand in the target under the names of a copy. What can't be read there is left out. */
export async function imagesThere(
  target: ImageTarget,
  names: readonly string[],
): Promise<readonly ImageManifest[]> {
  const found: ImageManifest[] = [];
  for (const name of names) found.push(...(await imagesOf(target, await target.readManifest(name))));
  return found;
}

async function imagesOf(
  target: ImageTarget,
  stored: StoredManifest | undefined,
): Promise<readonly ImageManifest[]> {
  const manifest = stored === undefined ? undefined : tryParse(stored);
  if (manifest === undefined) return [];
  if (manifest.kind === 'image') return [manifest];
  const children = manifest.manifests.slice(0, MOST_CHILDREN).map(async ({ digest }) => {
    const child = await target.readManifest(digest.text);
    const parsed = child === undefined ? undefined : tryParse(child);
    return parsed?.kind === 'image' ? [parsed] : [];
  });
  return (await Promise.all(children)).flat();
}

function tryParse(stored: StoredManifest): ReturnType<typeof parseManifest> | undefined {
  try {
    return parseManifest(stored);
  } catch {
    return undefined;
  }
}

/**
 * Returns the layers of an image that was converted before: the same config names the same layers, whatever their
 * compression. So a second load sends nothing. Undefined if the target does not have all of them as they are wanted.
 */
export async function reuseLayers(
  target: ImageTarget,
  manifest: ImageManifest,
  { layers }: Conversion,
  there: readonly ImageManifest[],
): Promise<readonly Descriptor[] | undefined> {
  const twin = there.find(
    (image) =>
      image.config.digest.text === manifest.config.digest.text &&
      image.layers.length === manifest.layers.length &&
      image.layers.every(({ mediaType, digest }, at) =>
        layers[at] === undefined
          ? digest.text === manifest.layers[at]?.digest.text
          : layerCompression(mediaType) === layers[at],
      ),
  );
  if (twin === undefined) return undefined;
  for (const layer of twin.layers) if (!(await target.hasBlob(layer))) return undefined;
  return twin.layers;
}
