import { setImmediate as turn } from 'node:timers/promises';
import type { Visible } from '../inventory.ts';
import type { Names } from '../read/status.ts';
import type { Filter } from '../thread/reader-thread.ts';

/** How many names are judged before others get their turn. */
const AT_ONCE = 500;

const NO_NAMES: Names = { version: '', ids: new Uint32Array(), names: [] };

/** The names of all repositories, of which somebody may know some. Kept until they change. */
export class Visibility {
  #names: Names = NO_NAMES;

  /** The names have changed. */
  learn(names: Names): void {
    this.#names = names;
  }

  /** Judges all names. Undefined where everything may be seen. `isLenient`: it need not be as new as can be. */
  async filter(visible: Visible, isLenient: boolean): Promise<Filter | undefined> {
    if (visible === undefined) return undefined;
    const { version, ids, names } = this.#names;
    const bytes = new Uint8Array((ids.at(-1) ?? 0) + 1);
    for (let at = 0; at < names.length; at += 1) {
      if (visible(names[at] ?? '')) bytes[ids[at] ?? 0] = 1;
      if (at % AT_ONCE === AT_ONCE - 1) await turn();
    }
    return { version, visible: bytes, isLenient };
  }
}
