/** What an entry may show when the others have used all up. */
const LEAST = 100;

/**
 * How much foreign text one list of a page shows. The first entries are shown as far as is usual, and when those have
 * used the letters of the list up, the others with their beginnings: whoever pushes an image chooses how many entries
 * its lists have, and how long each is.
 */
export class LetterBudget {
  #left: number;

  constructor(most = 64 * 1024) {
    this.#left = most;
  }

  /** Returns how many letters of this text are shown. `usual` is the most that there are if nothing is short. */
  take(text: string, usual: number): number {
    const most = Math.min(usual, Math.max(LEAST, this.#left));
    this.#left -= Math.min(text.length, most);
    return most;
  }
}
