import type { RepositoriesQuery } from '../../../inventory/inventory.ts';
import { isRepository } from '../../../oci/request/route.ts';
import type { Fields } from '../../request/fields.ts';
import { withQuery } from '../../request/page-address.ts';
import { changedQuery, tableQueryForm, type TableQuery } from '../../request/table-query.ts';

type Sort = RepositoriesQuery['sort'];

/** What the address of the list asks for. */
export interface ListQuery extends TableQuery<Sort> {
  /** The empty text for everything. */
  readonly folder: string;
}

const FORM = tableQueryForm<Sort>({
  columns: ['name', 'tags', 'size', 'pushed'],
  usual: { sort: 'name', descending: false },
  longestSearch: 255,
});
/** Rows of a page. */
export const LIST_LIMIT = 100;

export function parseListQuery(query: Fields): ListQuery {
  const folder = query.get('folder');
  return { folder: isRepository(folder) ? folder : '', ...FORM.parse(query) };
}

/** The address of the list with this in place of what it asks for. */
export function listPath(query: ListQuery, changed: Partial<ListQuery>): string {
  const next = changedQuery(query, changed);
  return withQuery('/', { folder: next.folder, ...FORM.render(next) });
}
