/** By which column a list is sorted, and from which end. */
export interface ListOrder<S extends string> {
  readonly sort: S;
  readonly descending: boolean;
}

/** Reads an order as `renderOrder` writes it. Anything else means the order that the list has by itself. */
export function parseOrder<S extends string>(
  text: string,
  columns: readonly S[],
  usual: ListOrder<S>,
): ListOrder<S> {
  const descending = text.startsWith('-');
  const sort = columns.find((column) => column === (descending ? text.slice(1) : text));
  return sort === undefined ? usual : { sort, descending };
}

/** An order in an address: `name`, and `-pushed` where the last one comes first. Undefined for the usual one. */
export function renderOrder<S extends string>(
  { sort, descending }: ListOrder<S>,
  usual: ListOrder<S>,
): string | undefined {
  if (sort === usual.sort && descending === usual.descending) return undefined;
  return `${descending ? '-' : ''}${sort}`;
}
