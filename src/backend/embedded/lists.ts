import type { Query } from '../../oci/request/parse.ts';
import { parseDigest } from '../../oci/digest.ts';
import { indexAfter } from './disk/directory-cache.ts';
import { IMAGE_INDEX } from '../../oci/manifest/manifest.ts';
import * as refusals from './disk/refusals.ts';
import type { Registry } from './store/registry.ts';
import { jsonReply, jsonTextReply, type Outcome } from '../reply/reply.ts';
import { jsonInSlices } from '../../oci/manifest/slices.ts';

const CATALOG_PAGE = 100;
const CATALOG_LARGEST = 1000;
/** The most tags in one answer, even without `n`. A link leads to the next page. */
const TAGS_LARGEST = 100_000;

/** GET of the tags of a repository, all or a page of them (end-8a, end-8b). */
export async function listTags(
  { tags: store }: Registry,
  repository: string,
  query: Query,
): Promise<Outcome> {
  const count = countOf(query);
  if (Number.isNaN(count)) return refusals.PAGE_INVALID;
  const all = await store.list(repository);
  if (all === undefined) return refusals.NAME_UNKNOWN;
  const last = query.get('last');
  const from = last === undefined ? 0 : indexAfter(all, last);
  const size = Math.min(count ?? TAGS_LARGEST, TAGS_LARGEST);
  const page = all.slice(from, from + size);
  const end = page.at(-1);
  const more = end !== undefined && from + page.length < all.length;
  const link = more ? linkTo(`/v2/${repository}/tags/list`, { n: String(size), last: end }) : {};
  const tags = await jsonInSlices(page);
  return jsonTextReply(`{"name":${JSON.stringify(repository)},"tags":${tags}}`, link);
}

/** GET of the repositories of the registry (Docker's `_catalog`), 100 without `n`. */
export async function listCatalog({ catalog }: Registry, query: Query): Promise<Outcome> {
  const count = countOf(query) ?? CATALOG_PAGE;
  if (Number.isNaN(count) || count > CATALOG_LARGEST) return refusals.PAGE_INVALID;
  const { names, more } = await catalog.page(count, query.get('last'));
  const last = names.at(-1);
  const link = more && last !== undefined ? linkTo('/v2/_catalog', { n: String(count), last }) : {};
  return jsonReply({ repositories: names }, link);
}

/** GET of the manifests whose subject is this one (end-12a, end-12b). */
export async function listReferrers(
  { referrers }: Registry,
  { repository, digest: text }: { readonly repository: string; readonly digest: string },
  query: Query,
): Promise<Outcome> {
  const digest = parseDigest(text);
  if (digest === undefined) return refusals.DIGEST_UNSUPPORTED;
  const artifactType = query.get('artifactType');
  const after = query.get('last') ?? '';
  const { descriptors, end } = await referrers.page(repository, { subject: digest, after, artifactType });
  const filter = artifactType === undefined ? {} : { artifactType };
  const list = descriptors.join(',');
  return jsonTextReply(`{"schemaVersion":2,"mediaType":"${IMAGE_INDEX}","manifests":[${list}]}`, {
    'Content-Type': IMAGE_INDEX,
    ...(artifactType === undefined ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
    ...(end === undefined
      ? {}
      : linkTo(`/v2/${repository}/referrers/${digest.text}`, { ...filter, last: end })),
  });
}

/** Returns the page size: undefined if absent, NaN if malformed. */
function countOf(query: Query): number | undefined {
  const text = query.get('n');
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function linkTo(path: string, pairs: Readonly<Record<string, string>>): Record<string, string> {
  return { Link: `<${path}?${new URLSearchParams(pairs).toString()}>; rel="next"` };
}
