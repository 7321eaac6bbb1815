/** What the items of a pattern mean. */
interface GlobRules {
  /** Whether an item of the pattern stands for any number of what is given. */
  readonly isMany: (item: string | undefined) => boolean;
  readonly isSame: (item: string | undefined, given: string | undefined) => boolean;
}

const LETTERS: GlobRules = {
  isMany: (item) => item === '*',
  isSame: (item, letter) => item === '?' || item === letter,
};

/**
 * Whether a text matches a glob: `*` is any text, also an empty one, `?` is one character. Takes time in proportion to
 * the product of both lengths at most.
 */
export function matchesGlob(text: string, glob: string): boolean {
  return matchesItems(text, glob, LETTERS);
}

/** Matches greedily, and goes back to the last item that stands for any number alone, so that time is bounded as above. */
export function matchesItems(
  given: ArrayLike<string>,
  pattern: ArrayLike<string>,
  { isMany, isSame }: GlobRules,
): boolean {
  let at = 0;
  let many = -1;
  let retry = 0;
  for (let n = 0; n < given.length;) {
    const item = pattern[at];
    if (isMany(item)) {
      many = at;
      retry = n;
      at += 1;
    } else if (isSame(item, given[n])) {
      at += 1;
      n += 1;
    } else if (many >= 0) {
      at = many + 1;
      retry += 1;
      n = retry;
    } else return false;
  }
  while (at < pattern.length && isMany(pattern[at])) at += 1;
  return at === pattern.length;
}
