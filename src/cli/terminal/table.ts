import { printable } from '../../lib/printable.ts';
import { hasColours, paint, type Colour } from './colours.ts';
import type { Terminal } from './terminal.ts';

/** A column of a table. */
export interface Column {
  /** In capitals. */
  readonly title: string;
  /** Which side the cells stand on. Default: left. Numbers stand right. */
  readonly align?: 'left' | 'right';
  /** Whether cells are cut where the table is wider than the terminal. Without it they are always whole. */
  readonly cut?: boolean;
  readonly colour?: Colour;
}

/** Prints rows as they come. */
interface TableWriter {
  /**
   * Prints a row, with `?` for each control character. Resolves when the reader has taken what was printed; false if
   * nobody reads any more: `| head -1`.
   */
  row(cells: readonly string[]): Promise<boolean>;
  /** Prints what is held. */
  end(): void;
}

type Output = Pick<Terminal, 'env' | 'isOutTTY' | 'out' | 'outTaken' | 'columns'>;

/** The rows that are held to find out how wide the columns are. Later rows that are wider stand out. */
const HELD_ROWS = 100;
/** What is left of a column that is cut. */
const NARROWEST = 8;

/**
 * Opens a table on standard output. On a terminal it has heads and columns, cut to its width where a column allows it;
 * elsewhere rows are tab-separated, without heads, and nothing is cut.
 */
export function openTable(terminal: Output, columns: readonly Column[]): TableWriter {
  return terminal.isOutTTY ? openColumns(terminal, columns) : openTabs(terminal);
}

/** Prints a whole table. */
export function printTable(
  terminal: Output,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): void {
  if (terminal.isOutTTY) terminal.out(renderRows(terminal, columns, rows.map(clean)).text);
  else for (const row of rows) terminal.out(`${clean(row).join('\t')}\n`);
}

function openTabs(terminal: Output): TableWriter {
  return {
    row: async (cells) => {
      terminal.out(`${clean(cells).join('\t')}\n`);
      return (await terminal.outTaken?.()) ?? true;
    },
    end: () => undefined,
  };
}

function openColumns(terminal: Output, columns: readonly Column[]): TableWriter {
  let held: (readonly string[])[] | undefined = [];
  let widths: readonly number[] = [];
  const flush = (): void => {
    if (held === undefined) return;
    const first = renderRows(terminal, columns, held);
    held = undefined;
    widths = first.widths;
    terminal.out(first.text);
  };
  return {
    row: async (cells) => {
      if (held === undefined) terminal.out(renderRow(clean(cells), columns, widths, hasColours(terminal)));
      else held.push(clean(cells));
      if (held?.length === HELD_ROWS) flush();
      return (await terminal.outTaken?.()) ?? true;
    },
    end: flush,
  };
}

function clean(cells: readonly string[]): readonly string[] {
  return cells.map(printable);
}

/** Renders the head and rows, and tells the widths that were found. */
function renderRows(
  terminal: Output,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): { readonly text: string; readonly widths: readonly number[] } {
  const widths = fit(columns, findWidths(columns, rows), terminal.columns?.());
  const isOn = hasColours(terminal);
  const titles = columns.map(
    ({ title, align }) => ({ title, align: align ?? 'left', colour: 'bold' }) as const,
  );
  const head = renderRow(
    titles.map(({ title }) => title),
    titles,
    widths,
    isOn,
  );
  return { text: head + rows.map((row) => renderRow(row, columns, widths, isOn)).join(''), widths };
}

function findWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ title }, at) =>
    rows.reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), title.length),
  );
}

/** Takes what is too much for the terminal from the columns that may be cut, the widest first. */
function fit(columns: readonly Column[], widths: readonly number[], most = Infinity): readonly number[] {
  const fitted = [...widths];
  const gaps = 2 * (columns.length - 1);
  let over = fitted.reduce((sum, width) => sum + width, gaps) - most;
  const cuttable = columns.flatMap(({ cut }, at) => (cut === true ? [at] : []));
  while (over > 0) {
    const widest = cuttable.toSorted((a, b) => (fitted[b] ?? 0) - (fitted[a] ?? 0))[0];
    const width = widest === undefined ? 0 : (fitted[widest] ?? 0);
    if (widest === undefined || width <= NARROWEST) break;
    fitted[widest] = width - 1;
    over -= 1;
  }
  return fitted;
}

function renderRow(
  cells: readonly string[],
  columns: readonly Column[],
  widths: readonly number[],
  isOn: boolean,
): string {
  const shown = columns.map(({ align, cut, colour }, at) => {
    const width = widths[at] ?? 0;
    const text = cut === true ? shorten(cells[at] ?? '', width) : (cells[at] ?? '');
    const isLast = at === columns.length - 1;
    const space = ' '.repeat(Math.max(0, width - text.length));
    const painted = colour === undefined ? text : paint(text, colour, isOn);
    if (align === 'right') return space + painted;
    return isLast ? painted : painted + space;
  });
  return `${shown.join('  ').trimEnd()}\n`;
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
