/** How two sequences with gaps are compared. A gap stands for any number of items, including none. */
interface Comparison<T> {
  readonly isGap: (item: T | undefined) => boolean;
  readonly one: (a: T, b: T) => boolean;
}

/** Reports whether the pattern matches the items. Quadratic at worst: it only backtracks to its last gap. */
export function matchesSequence<P, T>(
  pattern: ArrayLike<P>,
  items: ArrayLike<T>,
  isGap: (part: P | undefined) => boolean,
  one: (part: P, item: T) => boolean,
): boolean {
  let at = 0;
  let gap = -1;
  let gapEnd = 0;
  for (let index = 0; index < items.length;) {
    const part = pattern[at];
    const item = items[index];
    if (isGap(part)) {
      gap = at;
      gapEnd = index;
      at += 1;
    } else if (part !== undefined && item !== undefined && one(part, item)) {
      at += 1;
      index += 1;
    } else if (gap >= 0) {
      at = gap + 1;
      gapEnd += 1;
      index = gapEnd;
    } else return false;
  }
  while (isGap(pattern[at])) at += 1;
  return at === pattern.length;
}

/** Reports whether `a` covers everything that `b` stands for. False may be wrong, true never is. */
export function coversSequence<T>(a: ArrayLike<T>, b: ArrayLike<T>, { isGap, one }: Comparison<T>): boolean {
  return memoize(a.length, (i, j, covers) => {
    const [left, right] = [a[i], b[j]];
    if (left === undefined) return right === undefined;
    if (isGap(left)) return covers(i + 1, j) || (right !== undefined && covers(i, j + 1));
    if (right === undefined || isGap(right)) return false;
    return one(left, right) && covers(i + 1, j + 1);
  });
}

/** Reports whether something may match both. True may be wrong, false never is. */
export function overlapsSequence<T>(
  a: ArrayLike<T>,
  b: ArrayLike<T>,
  { isGap, one }: Comparison<T>,
): boolean {
  return memoize(a.length, (i, j, overlaps) => {
    const [left, right] = [a[i], b[j]];
    if (isGap(left) || isGap(right)) {
      return (left !== undefined && overlaps(i + 1, j)) || (right !== undefined && overlaps(i, j + 1));
    }
    if (left === undefined || right === undefined) return left === right;
    return one(left, right) && overlaps(i + 1, j + 1);
  });
}

/** Evaluates a recursive function of two positions from the start of both, once for each pair. */
function memoize(
  width: number,
  answer: (i: number, j: number, again: (i: number, j: number) => boolean) => boolean,
): boolean {
  const known = new Map<number, boolean>();
  const ask = (i: number, j: number): boolean => {
    const key = j * (width + 1) + i;
    const found = known.get(key) ?? answer(i, j, ask);
    known.set(key, found);
    return found;
  };
  return ask(0, 0);
}
