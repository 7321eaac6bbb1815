import type { Digest } from '../../../oci/digest.ts';
import { invalidImage, makeDescriptor, readDescriptor, type Descriptor } from '../../model/descriptor.ts';
import { parseJsonObject, type JsonObject } from '../../model/json.ts';
import { parseManifest, storeManifest, type Manifest, type StoredManifest } from '../../model/manifest.ts';
import { OCI_INDEX } from '../../model/media-types.ts';
import { referrersTag } from '../../tags/referrer-tags.ts';
import { readPages } from '../lists/pages.ts';
import { pulls } from '../sign-in/access.ts';
import type { Answer } from '../wire/answer.ts';
import { putManifest, readManifest, type ManifestPlace } from './manifests.ts';

/** More than any image has. */
const MOST_REFERRERS = 10_000;

/**
 * Lists what refers to a manifest (distribution-spec: "Listing Referrers"); from the index of the tag `sha256-...` where
 * the registry does not know referrers ("Referrers Tag Schema").
 */
export async function listReferrers(place: ManifestPlace, subject: Digest): Promise<readonly Descriptor[]> {
  const { session, repository } = place;
  const pages = readPages(session, {
    path: `/v2/${repository}/referrers/${subject.text}`,
    need: pulls(repository),
    what: `list what refers to ${repository}@${subject.text}`,
    // Registries that do not know it answer 404, 400, 405 or a page for browsers.
    isAbsent: ({ status }) => status >= 400 && status < 500 && status !== 401 && status !== 403,
  });
  const found: Descriptor[] = [];
  let isKnown = false;
  for await (const page of pages) {
    if (!Array.isArray(page['manifests'])) break;
    isKnown = true;
    found.push(...descriptorsOf(page));
    if (found.length >= MOST_REFERRERS) break;
  }
  return isKnown ? found.slice(0, MOST_REFERRERS) : byTag(place, subject);
}

async function byTag(place: ManifestPlace, subject: Digest): Promise<readonly Descriptor[]> {
  const stored = await readManifest(place, referrersTag(subject));
  return stored === undefined ? [] : descriptorsOf(parseJsonObject(stored.bytes) ?? {});
}

/**
 * Lists a manifest under the tag of its subject, where the registry keeps no list of referrers: it says that it does by
 * the header OCI-Subject (distribution-spec: "Pushing Manifests with Subject"). Throws AppError IMAGE_INVALID if that
 * tag is something else.
 */
export async function listByTag(
  place: ManifestPlace,
  { stored, parsed: manifest }: { readonly stored: StoredManifest; readonly parsed: Manifest },
  answers: readonly Answer[],
): Promise<void> {
  const { subject } = manifest;
  if (subject === undefined || answers.some((answer) => answer.header('oci-subject') !== undefined)) return;
  const tag = referrersTag(subject.digest);
  const before = await readManifest(place, tag);
  const index = before === undefined ? undefined : parseManifest(before);
  if (index?.kind === 'image') throw invalidImage(`its tag ${tag}, which is for referrers, is an image`);
  const listed = index?.manifests ?? [];
  if (listed.some(({ digest }) => digest.text === stored.digest.text)) return;
  const manifests = [...listed.map(({ json }) => json), describeReferrer(stored, manifest)];
  const json = { schemaVersion: 2, mediaType: OCI_INDEX, ...index?.json, manifests };
  await putManifest(place, storeManifest(Buffer.from(JSON.stringify(json)), OCI_INDEX), [tag]);
}

function describeReferrer({ mediaType, digest, bytes }: StoredManifest, manifest: Manifest): JsonObject {
  const { annotations } = manifest;
  const type = manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined);
  return makeDescriptor(
    { mediaType: mediaType === '' ? manifest.mediaType : mediaType, digest, size: bytes.length },
    {
      ...(type === undefined ? {} : { artifactType: type }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
  ).json;
}

function descriptorsOf({ manifests }: JsonObject): readonly Descriptor[] {
  if (!Array.isArray(manifests)) return [];
  return manifests.map((value, at) => readDescriptor(value, `entry ${at + 1} of its referrers`));
}
