import type { SQLInputValue } from 'node:sqlite';
import type { Database } from '../database/database.ts';
import type { Page } from '../inventory.ts';
import { parseCursor, renderCursor } from './cursor.ts';

/** A list in an order, of which a page is read. */
export interface ListQuery {
  /** The columns of a row, without `value` and `name`. */
  readonly columns: string;
  /** Tables and joins. */
  readonly from: string;
  /** Conditions, which hold together, and their values. */
  readonly where: readonly Condition[];
  /** What it is sorted by; it is never NULL. Rows of one value stand by name. */
  readonly value: string;
  readonly name: string;
  readonly descending: boolean;
  /** Whether the values are bytes. */
  readonly isBytes?: boolean;
  readonly after: string | undefined;
  readonly limit: number;
}

export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

interface Placed {
  readonly value: number | string | Uint8Array;
  readonly name: string;
}

const MOST_ROWS = 1000;

/** Reads one page, and how many rows there are in all. */
export function readPage<Row extends object>(
  database: Database,
  query: ListQuery,
): Page<Row & { readonly name: string }> {
  const { columns, from, value, name, descending } = query;
  const limit = Math.min(Math.max(Math.trunc(query.limit), 1), MOST_ROWS);
  const direction = descending ? 'DESC' : 'ASC';
  const whole = joined(query.where);
  const part = joined([...query.where, ...afterCursor(query)]);
  const found = database.all<Row & Placed>(
    `SELECT ${value} AS value, ${name} AS name, ${columns} FROM ${from} WHERE ${part.sql}
     ORDER BY 1 ${direction}, 2 LIMIT ${limit + 1}`,
    ...part.values,
  );
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const isLast = found.length <= limit || last === undefined;
  return {
    rows,
    next: isLast ? undefined : renderCursor({ value: textOf(last.value), name: last.name }),
    total: countRows(database, from, whole),
  };
}

function countRows(database: Database, from: string, { sql, values }: Condition): number {
  return database.get<{ n: number }>(`SELECT count(*) AS n FROM ${from} WHERE ${sql}`, ...values)?.n ?? 0;
}

/** What comes after the last row of the page before. */
function afterCursor({ value, name, descending, isBytes, after }: ListQuery): readonly Condition[] {
  const cursor = parseCursor(after);
  if (cursor === undefined) return [];
  const sign = descending ? '<' : '>';
  const last = isBytes === true ? Buffer.from(String(cursor.value), 'hex') : cursor.value;
  return [
    {
      sql: `${value} ${sign} ? OR (${value} = ? AND ${name} > ?)`,
      values: [last, last, cursor.name],
    },
  ];
}

function joined(where: readonly Condition[]): Condition {
  return {
    sql: where.map(({ sql }) => `(${sql})`).join(' AND ') || 'TRUE',
    values: where.flatMap(({ values }) => values),
  };
}

function textOf(value: Placed['value']): string | number {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

export function dateOf(milliseconds: number | null): Date | undefined {
  return milliseconds === null ? undefined : new Date(milliseconds);
}
