import { parseOrder, renderOrder, type ListOrder } from '../text/list-order.ts';
import type { Fields } from './fields.ts';

/** Which rows of a table an address asks for. */
export interface TableQuery<S extends string> {
  readonly search: string;
  readonly order: ListOrder<S>;
  /** `next` of the page before; undefined for the first page. */
  readonly after: string | undefined;
}

interface TableQueryOptions<S extends string> {
  readonly columns: readonly S[];
  /** The order of the table by itself. */
  readonly usual: ListOrder<S>;
  /** Characters of a search that count. */
  readonly longestSearch: number;
}

/** How a query stands in an address: each part has its own name, and what is usual is left out. */
interface TableQueryForm<S extends string> {
  parse(query: Fields): TableQuery<S>;
  render(query: TableQuery<S>): Readonly<Record<'search' | 'sort' | 'after', string | undefined>>;
}

export function tableQueryForm<S extends string>({
  columns,
  usual,
  longestSearch,
}: TableQueryOptions<S>): TableQueryForm<S> {
  return {
    parse: (query) => ({
      search: query.get('search').trim().slice(0, longestSearch),
      order: parseOrder(query.get('sort'), columns, usual),
      after: query.get('after') || undefined,
    }),
    render: ({ search, order, after }) => ({ search, sort: renderOrder(order, usual), after }),
  };
}

/** The query with this in place of a part of it. Whatever changes, it begins at the first page. */
export function changedQuery<Q extends TableQuery<string>>(query: Q, changed: Partial<Q>): Q {
  return { ...query, after: undefined, ...changed };
}
