import type { Digest } from '../../oci/digest.ts';
import type { StoredManifest } from '../model/manifest.ts';
import type { ImageTarget } from '../store.ts';

/** Gives an image of a repository another tag. Returns what the tag named before, which is undefined for a new tag. */
export async function tagImage(
  repository: Pick<ImageTarget, 'readManifest' | 'putManifest'>,
  manifest: StoredManifest,
  tag: string,
): Promise<Digest | undefined> {
  const before = await repository.readManifest(tag);
  await repository.putManifest(manifest, [tag]);
  return before?.digest;
}
