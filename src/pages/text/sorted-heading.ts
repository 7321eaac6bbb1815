import { html, NO_HTML, type Html } from './html.ts';
import type { ListOrder } from './list-order.ts';

/** A column that a list can be sorted by. */
interface SortedColumn<S extends string> {
  readonly sort: S;
  readonly label: string;
  /** Whether the last or largest one stands first when the column is chosen. */
  readonly largestFirst?: boolean;
  /** Classes of the cell. */
  readonly look?: string;
}

/** The heading of a column, which is a link that sorts by it, and the other way round where the list is sorted so already. */
export function renderSortedHeading<S extends string>(
  { sort, label, largestFirst = false, look = '' }: SortedColumn<S>,
  order: ListOrder<S>,
  addressOf: (order: ListOrder<S>) => string,
): Html {
  const isSorted = order.sort === sort;
  const address = addressOf({ sort, descending: isSorted ? !order.descending : largestFirst });
  const direction = order.descending ? 'descending' : 'ascending';
  return html`<th scope="col" class="${look}" ${isSorted ? html` aria-sort="${direction}"` : NO_HTML}>
    <a href="${address}">${label}</a>
  </th>`;
}
