/** The candidate that a mistyped word most likely means, or undefined if none is close. Ignores case, `-` and `_`. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const bare = strip(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(bare, strip(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, bare.length / 3) ? best.candidate : undefined;
}

function strip(word: string): string {
  return word.slice(0, 100).toLowerCase().replaceAll(/[-_]/g, '');
}

/** The Levenshtein distance, computed row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const substituted = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The problem of an unknown key, with the key that was probably meant, on the same level or another. */
export function unknownKey(path: string, known: readonly string[]): string {
  const prefix = path.slice(0, path.lastIndexOf('.') + 1);
  const siblings = known
    .filter((it) => it.startsWith(prefix))
    .map((it) => firstLevel(it.slice(prefix.length)));
  const near = closest(path.slice(prefix.length), siblings);
  if (near !== undefined) return `is unknown. Did you mean ${prefix}${near}?`;
  const elsewhere = known.find((it) => strip(lastLevel(it)) === strip(lastLevel(path)));
  return elsewhere === undefined ? 'is unknown' : `is unknown. Did you mean ${elsewhere}?`;
}

function firstLevel(path: string): string {
  return path.split('.')[0] ?? path;
}

function lastLevel(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
