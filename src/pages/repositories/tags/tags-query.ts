import type { TagsQuery } from '../../../inventory/inventory.ts';
import type { Fields } from '../../request/fields.ts';
import { repositoryPath, withQuery } from '../../request/page-address.ts';
import { changedQuery, tableQueryForm, type TableQuery } from '../../request/table-query.ts';

type Sort = TagsQuery['sort'];

/** What the address of a repository asks for. */
export interface RepositoryQuery extends TableQuery<Sort> {
  readonly repository: string;
  /** Whether tags of signatures and other referrers are shown, in place of those of images. */
  readonly of: 'images' | 'referrers';
}

const FORM = tableQueryForm<Sort>({
  columns: ['version', 'name', 'size', 'pushed'],
  usual: { sort: 'version', descending: true },
  longestSearch: 128,
});
/** Rows of a page: so many tags of any length still fit into the address of the page that removes them. */
export const TAGS_LIMIT = 50;

export function parseRepositoryQuery(repository: string, query: Fields): RepositoryQuery {
  return {
    repository,
    of: query.get('of') === 'referrers' ? 'referrers' : 'images',
    ...FORM.parse(query),
  };
}

/** The address of the page with this in place of what it asks for. */
export function tagsPath(query: RepositoryQuery, changed: Partial<RepositoryQuery>): string {
  const next = changedQuery(query, changed);
  const of = next.of === 'referrers' ? next.of : undefined;
  return withQuery(repositoryPath(next.repository), { of, ...FORM.render(next) });
}
