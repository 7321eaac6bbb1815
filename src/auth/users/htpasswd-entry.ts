import { isUtf8 } from 'node:buffer';
import { recognizeHash, type StoredHash } from '../passwords/password-hash.ts';
import { findNameProblem } from './user-rules.ts';

/** One user of a password file. */
export interface UserEntry {
  readonly name: string;
  readonly hash: StoredHash;
  /** The text after a second colon, which nginx, Apache and the gate ignore. */
  readonly remark?: string | undefined;
}

export type ReadLine =
  /** `note` is a warning about a line that is unambiguous. */
  | { readonly kind: 'entry'; readonly entry: UserEntry; readonly note?: string }
  /** A comment or a blank line. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'problem'; readonly reason: string; readonly cure: string };

const SPACES = 'spaces behind the hash, which nginx takes for a part of it: delete them';
/** Control characters other than the tab. Some readers ignore the text after a lone CR, others don't. */
const CONTROL = /(?!\t)\p{Cc}/u;

/** Reads one line of a password file, without its line end. A problem never quotes the hash. */
export function readEntry(bytes: Buffer): ReadLine {
  if (bytes.includes(0)) return problem('a NUL byte', 'delete the line; the file may be damaged');
  if (!isUtf8(bytes)) return problem('not UTF-8', 'save the file as UTF-8');
  const text = bytes.toString('utf8');
  if (CONTROL.test(text)) return problem('a control character', 'end every line with LF or CRLF');
  if (/^\s*(#|$)/.test(text)) return { kind: 'nothing' };
  const colon = text.indexOf(':');
  if (colon < 0) return problem('no colon: a line is NAME:HASH', 'delete the line, or start it with #');
  const name = text.slice(0, colon);
  const trouble = findNameProblem(name);
  if (trouble !== undefined) return problem(`the user name ${trouble}`, 'delete the line or mend the name');
  return readHash(name, text.slice(colon + 1));
}

function readHash(name: string, rest: string): ReadLine {
  const second = rest.indexOf(':');
  const raw = second < 0 ? rest : rest.slice(0, second);
  // No hash holds a space, so it can't be a part of the hash. Apache removes spaces at the end of a line too.
  const text = second < 0 ? raw.replace(/[ \t]+$/, '') : raw;
  const note = text === raw ? {} : { note: SPACES };
  const found = recognizeHash(text);
  if (found.kind === 'known') {
    return {
      kind: 'entry',
      ...note,
      entry: { name, hash: found.hash, remark: second < 0 ? undefined : rest.slice(second + 1) },
    };
  }
  const reason = found.kind === 'refused' ? found.reason : diagnose(text);
  return problem(
    `user ${JSON.stringify(name)}: ${reason}`,
    `delete the line, then: registry-gate users add ${quote(name)}`,
  );
}

/** Quotes a name for a shell. */
function quote(name: string): string {
  return /^[\w.@+-]+$/.test(name) && !name.startsWith('-')
    ? name
    : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}

/** What a text that is no hash most likely is; the first match counts. */
const DIAGNOSES: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'no hash'],
  [/^\s|\s$/, 'spaces around the hash'],
  [/^\$\$/, 'a malformed hash: each $ is doubled, as for a compose file, but this file takes it single'],
  [/^\$2x\$/, '$2x$, the broken bcrypt of 2011'],
  [/^\$2\$/, '$2$, the first bcrypt, which ignored non-ASCII characters'],
  [/^(\$(apr1|1|2[aby]|5|6)\b|\{S?SHA\})/, 'a malformed hash: cut off, or compose or a shell ate a $ in it'],
  [/^\$|^\{(?!PLAIN)[A-Z0-9-]+\}/, 'a kind of hash that is not supported'],
  [
    /^([aby]?\d*|apr)?[./][./0-9A-Za-z]{20,}$/,
    'a malformed hash: it looks as if compose or a shell ate the $ in it',
  ],
  [/^[./0-9A-Za-z]{13}$|^_[./0-9A-Za-z]{19}$/, 'a DES hash, or a plain password: neither is accepted'],
];

function diagnose(text: string): string {
  const found = DIAGNOSES.find(([shape]) => shape.test(text));
  return (
    found?.[1] ?? 'a plain password, or a hash of which compose or a shell ate the $: neither is accepted'
  );
}

function problem(reason: string, cure: string): ReadLine {
  return { kind: 'problem', reason, cure };
}
