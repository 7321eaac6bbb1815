import type { Query } from '../registry/query.ts';
import { parseDigest } from '../registry/digest.ts';
import { indexAfter } from './directory-cache.ts';
import { IMAGE_INDEX } from './manifest.ts';
import type { Referrer } from './referrers.ts';
import * as refusals from './refusals.ts';
import type { Registry } from './registry.ts';
import { jsonReply } from '../reply/reply.ts';
import type { Outcome } from '../reply/reply.ts';

const CATALOG_PAGE = 100;
const CATALOG_LARGEST = 1000;
/** An index may not be larger than clients read a manifest (distribution-spec, "Listing Referrers"). */
const REFERRERS_BYTES = 3 * 1024 * 1024;

/** Tags of a repository, all or a page of them (end-8a, end-8b). */
export async function listTags({ tags }: Registry, repository: string, query: Query): Promise<Outcome> {
  const count = countOf(query);
  if (Number.isNaN(count)) return refusals.PAGE_INVALID;
  const all = await tags.list(repository);
  if (all === undefined) return refusals.NAME_UNKNOWN;
  const last = query.get('last');
  const from = last === undefined ? 0 : indexAfter(all, last);
  const page = all.slice(from, count === undefined ? undefined : from + count);
  const end = page.at(-1);
  const more = end !== undefined && from + page.length < all.length;
  const link = more ? linkTo(`/v2/${repository}/tags/list`, { n: String(count), last: end }) : {};
  return jsonReply({ name: repository, tags: page }, link);
}

/** Repositories of the registry (Docker's `_catalog`), 100 where no size is asked for. */
export async function listCatalog({ catalog }: Registry, query: Query): Promise<Outcome> {
  const count = countOf(query) ?? CATALOG_PAGE;
  if (Number.isNaN(count) || count > CATALOG_LARGEST) return refusals.PAGE_INVALID;
  const { names, more } = await catalog.page(count, query.get('last'));
  const last = names.at(-1);
  const link = more && last !== undefined ? linkTo('/v2/_catalog', { n: String(count), last }) : {};
  return jsonReply({ repositories: names }, link);
}

/** Manifests whose subject is this one (end-12a, end-12b). */
export async function listReferrers(
  { referrers }: Registry,
  { repository, digest: text }: { readonly repository: string; readonly digest: string },
  query: Query,
): Promise<Outcome> {
  const digest = parseDigest(text);
  if (digest === undefined) return refusals.DIGEST_UNSUPPORTED;
  const artifactType = query.get('artifactType');
  const last = query.get('last') ?? '';
  const all = await referrers.of(repository, digest);
  const wanted = all.filter(
    (one) => one.digest > last && (artifactType === undefined || one.artifactType === artifactType),
  );
  const manifests = firstOf(wanted);
  const end = manifests.at(-1)?.digest;
  const filter = artifactType === undefined ? {} : { artifactType };
  const more = end !== undefined && manifests.length < wanted.length;
  return jsonReply(
    { schemaVersion: 2, mediaType: IMAGE_INDEX, manifests },
    {
      'Content-Type': IMAGE_INDEX,
      ...(artifactType === undefined ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
      ...(more ? linkTo(`/v2/${repository}/referrers/${digest.text}`, { ...filter, last: end }) : {}),
    },
  );
}

/** As many as one answer holds, and at least one. */
function firstOf(referrers: readonly Referrer[]): readonly Referrer[] {
  let bytes = 0;
  const end = referrers.findIndex((referrer, index) => {
    bytes += JSON.stringify(referrer).length;
    return index > 0 && bytes > REFERRERS_BYTES;
  });
  return end < 0 ? referrers : referrers.slice(0, end);
}

/** Size of the page; undefined where none is asked for, NaN for what is no size. */
function countOf(query: Query): number | undefined {
  const text = query.get('n');
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function linkTo(path: string, pairs: Readonly<Record<string, string>>): Record<string, string> {
  return { Link: `<${path}?${new URLSearchParams(pairs).toString()}>; rel="next"` };
}
