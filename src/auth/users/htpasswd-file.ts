import { findNameProblem } from './user-rules.ts';
import { readEntry, type ReadLine, type UserEntry } from './htpasswd-entry.ts';
import type { StoredHash } from '../passwords/password-hash.ts';

/** One line of a password file; `end` is its line end, '' for a last line without one. */
interface HtpasswdLine {
  readonly text: string;
  readonly end: '\n' | '\r\n' | '';
  /** Undefined for a comment and for a blank line. */
  readonly entry?: UserEntry | undefined;
  /** The name of the user, for a line that repeats the one of the same user. */
  readonly repeats?: string | undefined;
}

/** A password file. Rendering a parsed file gives the same bytes. */
export interface HtpasswdDocument {
  readonly bom: boolean;
  readonly lines: readonly HtpasswdLine[];
}

/** A warning about a line (counted from 1). Holds no secret. */
export interface HtpasswdNote {
  readonly line: number;
  readonly reason: string;
}

/** An error in a line (counted from 1), and how to correct it. Holds no secret. */
export interface HtpasswdProblem {
  readonly line: number;
  readonly reason: string;
  readonly cure: string;
}

type ParsedHtpasswd =
  | { readonly ok: true; readonly document: HtpasswdDocument; readonly notes: readonly HtpasswdNote[] }
  | { readonly ok: false; readonly problems: readonly HtpasswdProblem[] };

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads a password file as Apache and nginx do: `name:hash`, or `name:hash:remark`; `#` starts a comment. A line that they
 * would ignore silently, or read in two different ways, is a problem. One problem refuses the whole file, and all are
 * reported at once. A line that is odd but unambiguous is accepted with a note.
 */
export function parseHtpasswd(bytes: Buffer): ParsedHtpasswd {
  const bom = bytes.subarray(0, BOM.length).equals(BOM);
  const found: Found = { seen: new Map(), problems: [], notes: [] };
  const lines: HtpasswdLine[] = [];
  for (const raw of splitLines(bom ? bytes.subarray(BOM.length) : bytes)) {
    const place = { text: raw.bytes.toString('utf8'), end: raw.end };
    lines.push({ ...place, ...judgeLine(readEntry(raw.bytes), lines.length + 1, found) });
  }
  const { problems, notes } = found;
  return problems.length > 0 ? { ok: false, problems } : { ok: true, document: { bom, lines }, notes };
}

/** Renders a document. Lines that were not changed keep their bytes. */
export function renderHtpasswd({ bom, lines }: HtpasswdDocument): Buffer {
  const text = Buffer.from(lines.map((line) => line.text + line.end).join(''), 'utf8');
  return bom ? Buffer.concat([BOM, text]) : text;
}

/** Returns the users of a document, in its order. */
export function entriesOf(document: HtpasswdDocument): UserEntry[] {
  return document.lines.flatMap((line) => line.entry ?? []);
}

/** Returns the document with this user: on the old line, with its remark, or on a new last line. */
export function withUser(document: HtpasswdDocument, name: string, hash: StoredHash): HtpasswdDocument {
  if (findNameProblem(name) !== undefined) throw new RangeError('not a user name');
  // A repeated line would keep the old hash.
  const lines = document.lines.filter((line) => line.repeats !== name);
  const place = lines.findIndex((line) => line.entry?.name === name);
  const before = { ...document, lines };
  return place < 0 ? appended(before, { name, hash }) : replaced(before, place, hash);
}

/** Returns the document without this user. */
export function withoutUser(document: HtpasswdDocument, name: string): HtpasswdDocument {
  const isOther = (line: HtpasswdLine): boolean => line.entry?.name !== name && line.repeats !== name;
  return { ...document, lines: document.lines.filter(isOther) };
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

/** The result of the lines so far. */
interface Found {
  readonly seen: Map<string, { readonly line: number; readonly entry: UserEntry }>;
  readonly problems: HtpasswdProblem[];
  readonly notes: HtpasswdNote[];
}

/**
 * Apache and nginx use the first of two lines for one name, other programs the last. Two lines are accepted only if they
 * are equal.
 */
function judgeLine(read: ReadLine, line: number, found: Found): Pick<HtpasswdLine, 'entry' | 'repeats'> {
  const { seen, problems, notes } = found;
  if (read.kind === 'problem') problems.push({ line, reason: read.reason, cure: read.cure });
  if (read.kind !== 'entry') return {};
  const { entry, note } = read;
  if (note !== undefined) notes.push({ line, reason: `user ${JSON.stringify(entry.name)}: ${note}` });
  const first = seen.get(entry.name);
  if (first === undefined) {
    seen.set(entry.name, { line, entry });
    return { entry };
  }
  const reason = `user ${JSON.stringify(entry.name)} stands on line ${first.line} already`;
  if (first.entry.hash.text !== entry.hash.text) {
    problems.push({ line, reason, cure: 'delete the line that is out of date' });
    return {};
  }
  notes.push({ line, reason: `${reason}, with the same hash: delete one of the two` });
  return { repeats: entry.name };
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
