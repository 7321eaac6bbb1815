import type { Descriptor } from '../../model/descriptor.ts';
import { isIndexType } from '../../model/media-types.ts';
import { isUnknownPlatform, matchesPlatform, type Platform } from '../../model/platform.ts';
import type { ImageSource } from '../../store.ts';
import type { ImageNode, IndexEntry } from './node.ts';
import { readPlatformOf } from './read-blob.ts';

/** The annotation with which BuildKit says which image an attestation belongs to. */
const ATTESTED = 'vnd.docker.reference.digest';

/** Returns the digest of the image that an entry of an index attests, if it is an attestation. */
export function attestedBy({ annotations }: Descriptor): string | undefined {
  return annotations[ATTESTED];
}

/** Returns the members that make an entry attest an image of another digest. */
export function attesting(digest: string, { json, annotations }: Descriptor): Descriptor['json'] {
  return { ...json, annotations: { ...annotations, [ATTESTED]: digest } };
}

/** Returns the entries of an index that can be for one of the platforms, and the attestations of these. */
export function mayMatch(
  platforms: readonly Platform[],
  entries: readonly Descriptor[],
): readonly Descriptor[] {
  const images = entries.filter(
    ({ platform, mediaType }) =>
      platform === undefined ||
      (isIndexType(mediaType) && isUnknownPlatform(platform)) ||
      matchesAny(platforms, platform),
  );
  const digests = new Set(images.map(({ digest }) => digest.text));
  return entries.filter((entry) => images.includes(entry) || digests.has(attestedBy(entry) ?? ''));
}

/** Whether an entry that was read is for one of the platforms. If its index does not say it, its config does. */
export async function matches(
  platforms: readonly Platform[],
  { descriptor, node }: IndexEntry,
  source: ImageSource,
): Promise<boolean> {
  if (node.manifest.kind === 'index') return node.entries.length > 0;
  if (descriptor.platform !== undefined) return true;
  const platform = await readPlatformOf(source, node.manifest);
  return platform !== undefined && matchesAny(platforms, platform);
}

export function matchesAny(asked: readonly Platform[], there: Platform): boolean {
  return asked.some((platform) => matchesPlatform(platform, there));
}

/** Returns an index without attestations of images that are not in it. */
export function withoutOrphans(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  const there = new Set(entries.map(({ descriptor }) => descriptor.digest.text));
  return entries.filter(({ descriptor }) => there.has(attestedBy(descriptor) ?? descriptor.digest.text));
}

/** Lists the platforms of an image with their manifests, attestations and artifacts left out. */
export async function platformsOf(
  root: ImageNode,
  source: ImageSource,
): Promise<readonly { readonly platform: Platform; readonly node: ImageNode }[]> {
  if (root.manifest.kind === 'image') {
    const platform = await readPlatformOf(source, root.manifest);
    return platform === undefined ? [] : [{ platform, node: root }];
  }
  const all = root.entries.map(async ({ descriptor: { platform }, node }) => {
    if (node.manifest.kind === 'index' || platform === undefined) return platformsOf(node, source);
    return isUnknownPlatform(platform) ? [] : [{ platform, node }];
  });
  return (await Promise.all(all)).flat();
}
