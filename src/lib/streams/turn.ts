/** How well the gate knows a client that signs in. `proven`: the same credential was right before. `regular`: a user has signed in from that network before. `stranger`: neither. */
export type Standing = 'proven' | 'regular' | 'stranger';

/** What decides the order of clients that wait for the same processors. */
export interface Turn {
  readonly standing: Standing;
  /** The network of one owner, whose clients get one share together: `siteOf`. */
  readonly site: string;
}
