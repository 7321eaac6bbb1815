import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

interface DatabaseOptions {
  readonly readOnly?: boolean;
}

/** How long a reader or a writer waits for another one, in milliseconds. */
const BUSY_MS = 5000;

/** A SQLite database. Each method blocks its thread: it is for threads of its own. */
export class Database {
  readonly #sql: DatabaseSync;
  /** One for each text in the sources. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, { readOnly = false }: DatabaseOptions = {}) {
    this.#sql = new DatabaseSync(path, { readOnly, timeout: BUSY_MS });
  }

  /** Runs several statements without values. */
  execute(sql: string): void {
    this.#sql.exec(sql);
  }

  /** Runs one statement, and returns the id of the row that it inserted. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).lastInsertRowid);
  }

  /** Returns the first row, whose columns are the members of `Row`. */
  get<Row extends object>(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return asRow<Row>(this.#prepare(sql).get(...values));
  }

  all<Row extends object>(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return asRows<Row>(this.#prepare(sql).all(...values));
  }

  /** Defines a function of SQL with one number. */
  define(name: string, answer: (value: number) => number): void {
    this.#sql.function(name, (value) => answer(Number(value)));
  }

  /** Makes the changes of `work` all or not at all. */
  transaction<T>(work: () => T): T {
    this.#sql.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#sql.exec('COMMIT');
      return result;
    } catch (error) {
      // Some errors have ended it already.
      if (this.#sql.isTransaction) this.#sql.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    if (this.#sql.isOpen) this.#sql.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#sql.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }
}

/** Guard: the text of the statement names the columns of the row. */
function asRow<Row extends object>(row: object | undefined): Row | undefined {
  return row as Row | undefined;
}

/** Guard: as `asRow`. */
function asRows<Row extends object>(rows: readonly object[]): readonly Row[] {
  return rows as readonly Row[];
}

const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOT_A_DATABASE = 26;

/** Whether an error says that the file is damaged, or is no database. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOT_A_DATABASE;
}

/** Whether an error says that the file or its disk is full. */
export function isFull(error: unknown): boolean {
  return resultCode(error) === SQLITE_FULL;
}

/** The primary result code of SQLite, which is in the low byte of the extended one. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode % 256 : undefined;
}
