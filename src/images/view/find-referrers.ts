import type { Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { parseManifest } from '../model/manifest.ts';
import type { ImageSource } from '../store.ts';
import { cosignTags } from '../tags/referrer-tags.ts';
import { kindOf, referrerOf, type Referrer } from './referrers.ts';

/** The most that are listed of one image. */
const MOST_REFERRERS = 1024;

/** Finds what refers to manifests: by the registry's list, and by the tags of cosign. */
export async function findReferrers(
  source: ImageSource,
  subjects: readonly Digest[],
): Promise<readonly Referrer[]> {
  const found = new Map<string, Referrer>();
  for (const subject of subjects) {
    for (const referrer of await source.listReferrers(subject)) {
      if (found.size < MOST_REFERRERS) found.set(referrer.digest.text, await readReferrer(source, referrer));
    }
    for (const referrer of await findByTags(source, subject)) found.set(referrer.digest, referrer);
  }
  return [...found.values()];
}

/** What a list says of a referrer; if that does not say what it is, its layers do: cosign's have the type of an image. */
async function readReferrer(source: ImageSource, descriptor: Descriptor): Promise<Referrer> {
  const referrer = referrerOf(descriptor);
  if (referrer.kind !== 'other') return referrer;
  const stored = await source.readManifest(descriptor.digest.text);
  const manifest = stored === undefined ? undefined : parseManifest(stored);
  if (manifest?.kind !== 'image') return referrer;
  const kinds = manifest.layers.map(({ mediaType, annotations }) => kindOf(mediaType, annotations));
  return { ...referrer, kind: kinds.find((kind) => kind !== 'other') ?? 'other' };
}

async function findByTags(source: ImageSource, subject: Digest): Promise<readonly Referrer[]> {
  const all = cosignTags(subject).map(async ({ tag, kind }): Promise<readonly Referrer[]> => {
    const stored = await source.readManifest(tag);
    if (stored === undefined) return [];
    const { mediaType, digest, bytes } = stored;
    const base = { mediaType, digest: digest.text, size: bytes.length };
    return [{ kind, artifactType: '', ...base, tag, annotations: {} }];
  });
  return (await Promise.all(all)).flat();
}
