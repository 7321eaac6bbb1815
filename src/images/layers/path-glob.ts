/** A pattern of paths in an image, one part for each name. */
type PathGlob = readonly string[];

export function isGlob(path: string): boolean {
  return /[*?]/.test(path);
}

/** Parses a pattern: `*` and `?` stand for letters of one name, `**` alone for any directories. */
export function parseGlob(path: string): PathGlob {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Whether a path is one that the pattern means. Takes time in the product of both lengths, whatever they are. */
export function matchesGlob(glob: PathGlob, path: string): boolean {
  return matchesAll(glob, path.split('/'), {
    isMany: (part) => part === '**',
    isSame: (part, name = '') =>
      part !== undefined && matchesAll(part, name, { isMany: (it) => it === '*', isSame: isSameLetter }),
  });
}

function isSameLetter(pattern: string | undefined, letter: string | undefined): boolean {
  return pattern === '?' || pattern === letter;
}

interface Rules {
  /** Whether an item of the pattern stands for any number. */
  readonly isMany: (item: string | undefined) => boolean;
  readonly isSame: (item: string | undefined, given: string | undefined) => boolean;
}

/** Matches greedily, and goes back to the last item that stands for any number alone. */
function matchesAll(
  pattern: ArrayLike<string>,
  given: ArrayLike<string>,
  { isMany, isSame }: Rules,
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
  return Array.from(pattern)
    .slice(at)
    .every((item) => isMany(item));
}
