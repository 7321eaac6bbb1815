/**
 * How well a gate knows who wants to sign in. `proven`: the same credential was right before. `regular`: a user has signed
 * in from that network before. `stranger`: neither.
 */
export type Standing = 'proven' | 'regular' | 'stranger';

/** What decides who comes first where many wait for the same processors. */
export interface Turn {
  readonly standing: Standing;
  /** The networks of one owner, which get one share together: `siteOf`. */
  readonly site: string;
}
