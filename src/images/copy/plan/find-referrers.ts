import { invalidImage } from '../../model/descriptor.ts';
import type { StoredManifest } from '../../model/manifest.ts';
import type { ImageNode } from './node.ts';
import { nodesOf } from './node.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { nameBeside } from '../../archive/layout/names.ts';
import { cosignTags } from '../../tags/referrer-tags.ts';
import { readImage } from './read-image.ts';

/** How long a chain of signatures of signatures may be. */
const MOST_DEPTH = 8;
/** Signatures, SBOMs and attestations of one image, all platforms together. */
const MOST_REFERRERS = 1024;

/**
 * Finds what refers to a manifest, or to one below it, and what refers to these again. Those referred to come first. A
 * manifest that is written anew has no referrers: they name the digest before.
 */
export async function findReferrers(reader: ManifestReader, root: ImageNode): Promise<readonly ImageNode[]> {
  const seen = new Set<string>();
  const found: ImageNode[] = [];
  let subjects = nodesOf(root);
  for (let depth = 0; subjects.length > 0; depth += 1) {
    if (depth > MOST_DEPTH)
      throw invalidImage(`its referrers refer to each other more than ${MOST_DEPTH} deep`);
    const next: ImageNode[] = [];
    for (const { stored } of subjects) {
      for (const { digest } of await reader.source.listReferrers(stored.digest)) {
        if (seen.has(digest.text)) continue;
        seen.add(digest.text);
        if (seen.size > MOST_REFERRERS) throw invalidImage(`it has more than ${MOST_REFERRERS} referrers`);
        const manifest = await reader.read(digest.text);
        if (manifest !== undefined) next.push((await readImage(reader, manifest)).root);
      }
    }
    found.push(...next);
    subjects = next.flatMap(nodesOf);
  }
  return found;
}

/**
 * Finds what cosign stored beside an image under tags of its own, with these tags. `names`: those of the image in an
 * archive, where several repositories may have such a tag.
 */
export async function findCosignTags(
  reader: ManifestReader,
  root: ImageNode,
  names: readonly string[],
): Promise<readonly { readonly tag: string; readonly node: ImageNode }[]> {
  const found: { readonly tag: string; readonly node: ImageNode }[] = [];
  for (const { stored } of nodesOf(root)) {
    for (const { tag } of cosignTags(stored.digest)) {
      const manifest = await readAny(reader, [...names.map((name) => nameBeside(name, tag)), tag]);
      if (manifest !== undefined) found.push({ tag, node: (await readImage(reader, manifest)).root });
    }
  }
  return found;
}

/** Reads the first that is there. */
async function readAny(
  reader: ManifestReader,
  references: readonly string[],
): Promise<StoredManifest | undefined> {
  for (const reference of new Set(references)) {
    const manifest = await reader.read(reference);
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}
