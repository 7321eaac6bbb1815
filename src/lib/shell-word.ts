/** Quotes a word for a POSIX shell, if it needs quotes: `a b` -> `'a b'`. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
