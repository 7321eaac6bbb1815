/** How fast the body of one transfer may go. */
export interface Pace {
  /** The most bytes to move at once. */
  readonly pieceBytes: number;
  /** In how many milliseconds the next piece may move; 0 is now. Whoever asks is going to move it. */
  next(): number;
}

/** Calls `go` when the next piece may move: now, or later. Says whether it is later. Without a pace nothing ever waits. */
export function inPace(pace: Pace | undefined, go: () => void): boolean {
  const wait = pace?.next() ?? 0;
  if (wait > 0) setTimeout(go, wait);
  else go();
  return wait > 0;
}
