import { piecesOf } from '../../lib/streams/pieces-of.ts';
import { digestOf } from '../../oci/digest.ts';
import { makeDescriptor } from '../model/descriptor.ts';
import { storeManifest, type StoredManifest } from '../model/manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../model/media-types.ts';
import type { Repository } from '../store.ts';

/**
 * Removes a tag alone at a registry that deletes manifests by digest, but no tags (distribution 2.8): an empty image that
 * is like no other is pushed over the tag, and deleted with it. Whether the registry deletes at all is tried before with
 * an image that has no tag, so that the tag never remains on an empty image. Who pulls in between gets the empty image;
 * what somebody pushes to the tag in between is either overwritten or stays. Ctrl-C does not come in between.
 */
export async function removeTagByOverwriting(
  repository: Repository,
  tag: string,
  random: () => string,
): Promise<'deleted' | 'missing' | 'unsupported'> {
  const probe = await putEmptyImage(repository, random(), []);
  const answer = await repository.deleteManifest(probe.digest.text);
  if (answer !== 'deleted') return 'unsupported';
  const before = await repository.readManifest(tag);
  const steady = repository.uninterrupted();
  const image = await putEmptyImage(steady, random(), [tag]);
  const restore = async (): Promise<void> => {
    if (before !== undefined) await steady.putManifest(before, [tag]);
  };
  const done = await steady.deleteManifest(image.digest.text).catch(async (error: unknown) => {
    await restore();
    throw error;
  });
  if (done === 'deleted') return done;
  await restore();
  return 'unsupported';
}

async function putEmptyImage(
  repository: Repository,
  mark: string,
  tags: readonly string[],
): Promise<StoredManifest> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'unknown',
      os: 'unknown',
      comment: `empty, to remove a tag: ${mark}`,
      config: {},
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  );
  const blob = makeDescriptor({
    mediaType: OCI_CONFIG,
    digest: digestOf('sha256', config),
    size: config.length,
  });
  await repository.putBlob(blob, (from) => piecesOf(config.subarray(from)));
  const manifest = storeManifest(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: blob.json, layers: [] })),
    OCI_MANIFEST,
  );
  await repository.putManifest(manifest, tags);
  return manifest;
}
