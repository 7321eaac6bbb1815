/** What a transfer waits for, and the number that moves while it gets it. */
export interface Progress {
  readonly waitingFor: Wait;
  /** Any counter that grows with each byte of what is waited for. */
  readonly moved: number;
}

export type Wait = 'connect' | 'client-body' | 'client-reading' | 'backend';

export interface Watched {
  progress(): Progress;
  /** Nothing moved for as long as that wait may last. Called once. */
  expire(wait: Wait): void;
}

/** Who is held back by us waits for nobody: it is never the same number twice. */
export const HELD: Progress = { waitingFor: 'backend', moved: Number.NaN };

/** How long each wait may last without a byte moving, in milliseconds. */
export type IdleLimits = Readonly<Record<Wait, number>>;

export interface IdleWatch {
  add(watched: Watched): void;
  remove(watched: Watched): void;
  close(): void;
}

interface Mark {
  waitingFor: Wait;
  moved: number;
  since: number;
}

const LONGEST_TICK_MS = 1000;
const SHORTEST_TICK_MS = 10;

/**
 * Looks at all transfers a few times within the shortest limit and ends those in which nothing moved. One timer for
 * all, and counters that the sockets keep anyway: a byte costs nothing here. It takes the place of Node's
 * `requestTimeout`, which ends an upload after 300 s however well it goes, and of socket timeouts, which cannot tell a
 * silent client from a registry that is busy committing a large layer.
 */
export function createIdleWatch(limits: IdleLimits, now: () => number): IdleWatch {
  const marks = new Map<Watched, Mark>();

  const look = (): void => {
    const at = now();
    for (const [watched, mark] of marks) {
      const { waitingFor, moved } = watched.progress();
      if (mark.waitingFor !== waitingFor || mark.moved !== moved) {
        Object.assign(mark, { waitingFor, moved, since: at });
      } else if (at - mark.since >= limits[waitingFor]) {
        marks.delete(watched);
        watched.expire(waitingFor);
      }
    }
  };

  const timer = setInterval(look, tickFor(limits));
  timer.unref();
  return {
    add: (watched) => void marks.set(watched, { ...watched.progress(), since: now() }),
    remove: (watched) => void marks.delete(watched),
    close: () => clearInterval(timer),
  };
}

function tickFor(limits: IdleLimits): number {
  return Math.max(SHORTEST_TICK_MS, Math.min(LONGEST_TICK_MS, Math.min(...Object.values(limits)) / 4));
}
