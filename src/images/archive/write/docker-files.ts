import { isUnknownPlatform, matchesPlatform, type Platform } from '../../model/platform.ts';
import { namesReferrer } from '../layout/names.ts';
import {
  DOCKER_MANIFEST_NAME,
  DOCKER_REPOSITORIES_NAME,
  writeDockerManifest,
  writeRepositories,
  type NewDockerEntry,
} from '../layout/docker-manifest.ts';
import { blobPath } from '../layout/layout-files.ts';
import type { PutManifest, PutManifests } from './put-manifests.ts';

/**
 * Makes the files by which engines with the classic store load an image layout: they name its blobs as they are. Of an
 * index they name the image of one platform, as these engines hold no more. Undefined if there is none that they hold.
 */
export function dockerFilesOf(manifests: PutManifests, platform: Platform): Readonly<Record<string, Buffer>> {
  const entries = manifests
    .listed()
    .map((put) => entryOf(put, manifests, platform))
    .filter((entry) => entry !== undefined);
  if (entries.length === 0) return {};
  return {
    [DOCKER_MANIFEST_NAME]: writeDockerManifest(entries),
    [DOCKER_REPOSITORIES_NAME]: writeRepositories(entries),
  };
}

function entryOf(put: PutManifest, manifests: PutManifests, platform: Platform): NewDockerEntry | undefined {
  const image = put.image ?? imageOf(put, manifests, platform);
  // A signature of cosign has the config of an image, and layers that no engine can unpack.
  const isReferrer = put.names.size > 0 && [...put.names].every(namesReferrer);
  if (image === undefined || isReferrer) return undefined;
  return {
    config: blobPath(image.config.digest),
    names: [...put.names],
    layers: image.layers.map(({ digest }) => blobPath(digest)),
  };
}

/** The image for a platform, else the first; of indexes in the index too. */
function imageOf(put: PutManifest, manifests: PutManifests, asked: Platform): PutManifest['image'] {
  const images = [...imagesIn(put, manifests, new Set())];
  const match = images.find(({ platform }) => platform !== undefined && matchesPlatform(asked, platform));
  return (match ?? images[0])?.image;
}

interface PlatformImage {
  readonly platform: Platform | undefined;
  readonly image: NonNullable<PutManifest['image']>;
}

/** `seen`: digests of indexes, so that one that many others list is read once. */
function* imagesIn(put: PutManifest, manifests: PutManifests, seen: Set<string>): Generator<PlatformImage> {
  for (const { digest, platform } of put.children) {
    const child = manifests.find(digest);
    if (child === undefined || (platform !== undefined && isUnknownPlatform(platform))) continue;
    if (child.image !== undefined) yield { platform, image: child.image };
    else if (!seen.has(digest)) {
      seen.add(digest);
      yield* imagesIn(child, manifests, seen);
    }
  }
}
