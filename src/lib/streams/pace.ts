/** The rate of the body of one transfer. */
export interface Pace {
  /** The most bytes to move at once. */
  readonly pieceBytes: number;
  /** Returns in how many milliseconds the next piece may move; 0 is now. The caller must then move it. */
  next(): number;
}

/** Calls `go` when the next piece may move: now, or later. Returns whether it is later. Without a pace it is never later. */
export function inPace(pace: Pace | undefined, go: () => void): boolean {
  const wait = pace?.next() ?? 0;
  if (wait > 0) setTimeout(go, wait);
  else go();
  return wait > 0;
}
