import type { TagsQuery } from '../../../inventory/inventory.ts';
import type { Fields } from '../../request/fields.ts';
import { repositoryPath, withQuery } from '../../request/page-address.ts';
import { parseOrder, renderOrder, type ListOrder } from '../../text/list-order.ts';

type Sort = TagsQuery['sort'];

/** What the address of a repository asks for. */
export interface RepositoryQuery {
  readonly repository: string;
  readonly search: string;
  readonly order: ListOrder<Sort>;
  readonly after: string | undefined;
  /** Whether tags of signatures and other referrers are shown, in place of those of images. */
  readonly of: 'images' | 'referrers';
}

const COLUMNS: readonly Sort[] = ['version', 'name', 'size', 'pushed'];
const USUAL: ListOrder<Sort> = { sort: 'version', descending: true };
const LONGEST_SEARCH = 128;
/** Rows of a page: so many tags of any length still fit into the address of the page that removes them. */
export const TAGS_LIMIT = 50;

export function parseRepositoryQuery(repository: string, query: Fields): RepositoryQuery {
  return {
    repository,
    search: query.get('search').trim().slice(0, LONGEST_SEARCH),
    order: parseOrder(query.get('sort'), COLUMNS, USUAL),
    after: query.get('after') || undefined,
    of: query.get('of') === 'referrers' ? 'referrers' : 'images',
  };
}

/** The address of the page with this in place of what it asks for. Another order begins at the first page. */
export function tagsPath(query: RepositoryQuery, changed: Partial<RepositoryQuery>): string {
  const { repository, search, order, after, of } = { ...query, after: undefined, ...changed };
  return withQuery(repositoryPath(repository), {
    search,
    sort: renderOrder(order, USUAL),
    of: of === 'referrers' ? of : undefined,
    after,
  });
}
