import type { Digest } from '../../../oci/digest.ts';
import { readDescriptor, type Descriptor } from '../../model/descriptor.ts';
import { parseJsonObject, type JsonObject } from '../../model/json.ts';
import { readPages } from '../lists/pages.ts';
import { pulls } from '../sign-in/access.ts';
import { readManifest, type ManifestPlace } from './manifests.ts';

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

/** `sha256-...`, cut to the length of a tag. */
export function referrersTag({ algorithm, hex }: Digest): string {
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
}

function descriptorsOf({ manifests }: JsonObject): readonly Descriptor[] {
  if (!Array.isArray(manifests)) return [];
  return manifests.map((value, at) => readDescriptor(value, `entry ${at + 1} of its referrers`));
}
