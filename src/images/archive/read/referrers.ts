import { referrersTag } from '../../tags/referrer-tags.ts';
import { AppError } from '../../../lib/errors.ts';
import type { Digest } from '../../../oci/digest.ts';
import { makeDescriptor, type Descriptor } from '../../model/descriptor.ts';
import { parseManifest, type Manifest } from '../../model/manifest.ts';
import { readManifestBlob } from './blobs.ts';
import type { FileStore } from './file-store.ts';

/** Reads a manifest that an entry of an index names. Undefined if it is absent or can't be read. */
export async function readEntry(store: FileStore, entry: Descriptor): Promise<Manifest | undefined> {
  const stored = await readManifestBlob(store, entry.digest, entry.mediaType);
  try {
    return stored === undefined ? undefined : parseManifest(stored);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** Finds what refers to a manifest: entries with that subject, and those that an index by the referrers tag schema names. */
export async function readReferrers(
  store: FileStore,
  entries: readonly Descriptor[],
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const found = new Map<string, Descriptor>();
  const tag = referrersTag(subject);
  for (const entry of entries) {
    const manifest = await readEntry(store, entry);
    if (manifest === undefined) continue;
    if (manifest.subject?.digest.text === subject.text)
      found.set(entry.digest.text, describeReferrer(entry, manifest));
    const isTagged = Object.values(entry.annotations).some(
      (name) => name === tag || name.endsWith(`:${tag}`),
    );
    if (manifest.kind === 'index' && isTagged)
      for (const child of manifest.manifests) found.set(child.digest.text, child);
  }
  return [...found.values()];
}

/** The descriptor as a registry lists it: with the type and the annotations of the manifest. */
function describeReferrer(entry: Descriptor, manifest: Manifest): Descriptor {
  const { annotations } = manifest;
  const artifactType =
    manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined);
  return makeDescriptor(
    { mediaType: manifest.mediaType, digest: entry.digest, size: entry.size },
    { ...(artifactType === undefined ? {} : { artifactType }), annotations },
  );
}
