/**
 * Whether a text matches a glob: `*` is any text, also an empty one, `?` is one character. Takes time in proportion to
 * the product of both lengths at most.
 */
export function matchesGlob(text: string, glob: string): boolean {
  let at = 0;
  let star = -1;
  let mark = 0;
  let place = 0;
  while (at < text.length) {
    const letter = glob[place];
    if (letter === '*') {
      star = place;
      mark = at;
      place += 1;
    } else if (letter === '?' || letter === text[at]) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      place = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (glob[place] === '*') place += 1;
  return place === glob.length;
}
