import { printable } from '../../lib/printable.ts';

/** Lines of columns, two spaces apart. What stands in a cell came from elsewhere, and can't write on the terminal. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = [head, ...rows.map((row) => row.map(printable))];
  const widths = head.map((_title, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}
