/** How fast one transfer may go. What has passed is known to it already. */
export interface Pace {
  /** The most bytes to move at once. */
  readonly pieceBytes: number;
  /** How long the next piece has to wait, in milliseconds; 0 where it may go. */
  wait(direction: Direction): number;
}

/** Seen from the client's side: up is received. */
export type Direction = 'received' | 'sent';

/** Calls `go` when the next piece may move: now, or later. Says whether it is later. Without a pace nothing ever waits. */
export function inPace(pace: Pace | undefined, direction: Direction, go: () => void): boolean {
  const wait = pace?.wait(direction) ?? 0;
  if (wait > 0) setTimeout(go, wait);
  else go();
  return wait > 0;
}
