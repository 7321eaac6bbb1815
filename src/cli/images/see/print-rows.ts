import { openJsonList } from '../../terminal/json-list.ts';
import { openTable, type Column } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';

/** How an item of a list is shown. */
export interface Shown<T> {
  readonly columns: readonly Column[];
  readonly cellsOf: (item: T) => readonly string[];
  readonly jsonOf: (item: T) => unknown;
}

/** Prints items as they come, as a table or as JSON. Stops taking them when nobody reads any more. */
export async function printRows<T>(
  items: AsyncIterable<T>,
  { columns, cellsOf, jsonOf }: Shown<T>,
  isJson: boolean,
  terminal: Terminal,
): Promise<void> {
  const list = isJson ? openJsonList(terminal) : undefined;
  const table = openTable(terminal, columns);
  for await (const item of items) {
    const isRead = list === undefined ? await table.row(cellsOf(item)) : await list.item(jsonOf(item));
    if (!isRead) return;
  }
  if (list === undefined) table.end();
  else list.end();
}

/** Prints one text a line, without a head on a terminal too. */
export async function printNames(names: AsyncIterable<string>, terminal: Terminal): Promise<void> {
  const plain = { ...terminal, isOutTTY: false };
  await printRows(names, { columns: [], cellsOf: (name) => [name], jsonOf: (name) => name }, false, plain);
}
