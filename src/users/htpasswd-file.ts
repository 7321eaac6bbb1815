import { findNameProblem } from './user-rules.ts';
import { readEntry } from './htpasswd-entry.ts';
import type { UserEntry } from './htpasswd-entry.ts';
import type { StoredHash } from './password-hash.ts';

/** One line of a password file as it stands there, `end` being its line end ('' for a last line without one). */
export interface HtpasswdLine {
  readonly text: string;
  readonly end: '\n' | '\r\n' | '';
  /** Undefined for a comment and for a blank line. */
  readonly entry?: UserEntry | undefined;
}

/** A password file: rendering a parsed one gives the same bytes. */
export interface HtpasswdDocument {
  readonly bom: boolean;
  readonly lines: readonly HtpasswdLine[];
}

/** What is wrong at a line (counted from 1), and what to do. Holds nothing secret. */
export interface HtpasswdProblem {
  readonly line: number;
  readonly reason: string;
  readonly cure: string;
}

export type ParsedHtpasswd =
  | { readonly ok: true; readonly document: HtpasswdDocument }
  | { readonly ok: false; readonly problems: readonly HtpasswdProblem[] };

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads a password file as Apache and nginx do: `name:hash`, or `name:hash:remark`; `#` starts a comment. Where they
 * would pass over a line in silence, or see two different things in it, the line is a problem; one problem refuses
 * the whole file, and all problems are named at once.
 */
export function parseHtpasswd(bytes: Buffer): ParsedHtpasswd {
  const bom = bytes.subarray(0, BOM.length).equals(BOM);
  const problems: HtpasswdProblem[] = [];
  const lines: HtpasswdLine[] = [];
  const seen = new Map<string, number>();
  for (const raw of splitLines(bom ? bytes.subarray(BOM.length) : bytes)) {
    const number = lines.length + 1;
    const read = readEntry(raw.bytes);
    if (read.kind === 'entry') claimName(read.entry.name, { number, seen, problems });
    if (read.kind === 'problem') problems.push({ line: number, reason: read.reason, cure: read.cure });
    const entry = read.kind === 'entry' ? read.entry : undefined;
    lines.push({ text: raw.bytes.toString('utf8'), end: raw.end, entry });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, document: { bom, lines } };
}

/** The bytes of a document: those that it was read from, apart from the lines that were changed. */
export function renderHtpasswd({ bom, lines }: HtpasswdDocument): Buffer {
  const text = Buffer.from(lines.map((line) => line.text + line.end).join(''), 'utf8');
  return bom ? Buffer.concat([BOM, text]) : text;
}

/** The users of a document, in its order. */
export function entriesOf(document: HtpasswdDocument): UserEntry[] {
  return document.lines.flatMap((line) => line.entry ?? []);
}

/** The document with this user: in its old place, remark kept, or else as a new last line. */
export function withUser(document: HtpasswdDocument, name: string, hash: StoredHash): HtpasswdDocument {
  if (findNameProblem(name) !== undefined) throw new RangeError('not a user name');
  const place = document.lines.findIndex((line) => line.entry?.name === name);
  return place < 0 ? appended(document, { name, hash }) : replaced(document, place, hash);
}

/** The document without this user. */
export function withoutUser(document: HtpasswdDocument, name: string): HtpasswdDocument {
  return { ...document, lines: document.lines.filter((line) => line.entry?.name !== name) };
}

function appended(document: HtpasswdDocument, entry: UserEntry): HtpasswdDocument {
  const usual = document.lines.find((line) => line.end !== '')?.end ?? '\n';
  const before = document.lines.map((line) => (line.end === '' ? { ...line, end: usual } : line));
  return { ...document, lines: [...before, { text: renderEntry(entry), end: usual, entry }] };
}

function replaced(document: HtpasswdDocument, place: number, hash: StoredHash): HtpasswdDocument {
  const lines = document.lines.map((line, at) => {
    if (at !== place || line.entry === undefined) return line;
    const entry = { ...line.entry, hash };
    return { ...line, text: renderEntry(entry), entry };
  });
  return { ...document, lines };
}

function renderEntry({ name, hash, remark }: UserEntry): string {
  return remark === undefined ? `${name}:${hash.text}` : `${name}:${hash.text}:${remark}`;
}

interface Claim {
  readonly number: number;
  readonly seen: Map<string, number>;
  readonly problems: HtpasswdProblem[];
}

/** Apache and nginx take the first of two lines for one name, other programs the last: neither is safe to assume. */
function claimName(name: string, { number, seen, problems }: Claim): void {
  const first = seen.get(name);
  if (first === undefined) {
    seen.set(name, number);
    return;
  }
  const reason = `user ${JSON.stringify(name)} stands on line ${first} already`;
  problems.push({ line: number, reason, cure: 'delete the line that is out of date' });
}

interface RawLine {
  readonly bytes: Buffer;
  readonly end: '\n' | '\r\n' | '';
}

function* splitLines(bytes: Buffer): Generator<RawLine> {
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    if (newline < 0) {
      yield { bytes: bytes.subarray(start), end: '' };
      return;
    }
    const returned = newline > start && bytes[newline - 1] === 0x0d;
    yield { bytes: bytes.subarray(start, returned ? newline - 1 : newline), end: returned ? '\r\n' : '\n' };
    start = newline + 1;
  }
}
