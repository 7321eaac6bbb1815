import type { Page, RepositoryRow, TagRow } from '../../../inventory/inventory.ts';
import { PageError } from '../../request/page-error.ts';
import type { PageAnswer, RequestOf } from '../../request/page-request.ts';
import type { OneRepository, Visible } from '../../request/visible.ts';
import { parseDigest } from '../../../oci/digest.ts';
import { renderRepository } from './repository-page.ts';
import { parseRepositoryQuery, TAGS_LIMIT, type RepositoryQuery } from './tags-query.ts';

/** How long the page of a repository that is not known yet waits for it. */
const FIRST_LOOK_MS = 2000;

/** A repository: its tags, and how to pull them. */
export async function showRepository(
  request: RequestOf<'repository'>,
  see: Pick<Visible, 'inventory' | 'may'>,
): Promise<PageAnswer> {
  const { repository } = request.address;
  const inventory = see.inventory(repository);
  const query = parseRepositoryQuery(repository, request.query);
  const row = await findRepository(inventory, query);
  const [page, folded] = await Promise.all([
    inventory.tags(toInventory(query)),
    countReferrers(inventory, repository),
  ]);
  const signed = await isSigned(inventory, repository, page);
  return {
    kind: 'page',
    title: repository,
    body: renderRepository(request, {
      row,
      folded,
      isSigned: signed,
      mayDelete: see.may('delete', repository),
      tags: {
        query,
        page,
        now: Date.now(),
        language: request.language,
        maySelect: see.may('delete', repository),
      },
    }),
  };
}

type InventoryTags = Parameters<OneRepository['tags']>[0];

function toInventory({ repository, search, order, after, of }: RepositoryQuery): InventoryTags {
  return { repository, ...order, search, after, of, limit: TAGS_LIMIT };
}

/** Asks the registry first what has changed. Throws PageError not-found. */
async function findRepository(inventory: OneRepository, query: RepositoryQuery): Promise<RepositoryRow> {
  const { repository, ...page } = toInventory(query);
  const known = await inventory.repository(repository);
  await inventory.refresh(repository, page, known === undefined ? FIRST_LOOK_MS : undefined);
  const found = await inventory.repository(repository);
  if (found === undefined) throw new PageError('not-found');
  return found;
}

async function countReferrers(inventory: OneRepository, repository: string): Promise<number> {
  const { total } = await inventory.tags({
    repository,
    sort: 'name',
    descending: false,
    of: 'referrers',
    limit: 1,
  });
  return total;
}

/** Whether cosign has signed the first image of the page: its signature is found under a tag that holds the digest. */
async function isSigned(inventory: OneRepository, repository: string, page: Page<TagRow>): Promise<boolean> {
  const digest = parseDigest(page.rows[0]?.digest ?? '');
  if (digest === undefined) return false;
  const search = `${digest.algorithm}-${digest.hex}`;
  const { rows } = await inventory.tags({
    repository,
    sort: 'name',
    descending: false,
    of: 'referrers',
    search,
    limit: 10,
  });
  return rows.some(({ tag }) => tag === `${search}.sig`);
}
