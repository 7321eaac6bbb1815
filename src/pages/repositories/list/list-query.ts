import type { RepositoriesQuery } from '../../../inventory/inventory.ts';
import { isRepository } from '../../../oci/request/route.ts';
import type { Fields } from '../../request/fields.ts';
import { withQuery } from '../../request/page-address.ts';
import { parseOrder, renderOrder, type ListOrder } from '../../text/list-order.ts';

type Sort = RepositoriesQuery['sort'];

/** What the address of the list asks for. */
export interface ListQuery {
  /** The empty text for everything. */
  readonly folder: string;
  readonly search: string;
  readonly order: ListOrder<Sort>;
  readonly after: string | undefined;
}

const COLUMNS: readonly Sort[] = ['name', 'tags', 'size', 'pushed'];
const USUAL: ListOrder<Sort> = { sort: 'name', descending: false };
const LONGEST_SEARCH = 255;
/** Rows of a page. */
export const LIST_LIMIT = 100;

export function parseListQuery(query: Fields): ListQuery {
  const folder = query.get('folder');
  return {
    folder: isRepository(folder) ? folder : '',
    search: query.get('search').trim().slice(0, LONGEST_SEARCH),
    order: parseOrder(query.get('sort'), COLUMNS, USUAL),
    after: query.get('after') || undefined,
  };
}

/** The address of the list with this in place of what it asks for. Another order begins at the first page. */
export function listPath(query: ListQuery, changed: Partial<ListQuery>): string {
  const { folder, search, order, after } = { ...query, after: undefined, ...changed };
  return withQuery('/', { folder, search, sort: renderOrder(order, USUAL), after });
}
