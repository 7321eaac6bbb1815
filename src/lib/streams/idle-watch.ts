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
  readonly watched: Watched;
  /** Its place in the list. */
  at: number;
  waitingFor: Wait;
  moved: number;
  since: number;
}

const MARK = Symbol('mark');

/** What is watched knows its place. It is watched by one at a time. */
interface Marked extends Watched {
  [MARK]?: Mark | undefined;
}

const LONGEST_TICK_MS = 1000;
const SHORTEST_TICK_MS = 10;

/**
 * Looks at all transfers a few times within the shortest limit and ends those in which nothing moved. One timer for
 * all, and counters that the sockets keep anyway: a byte costs nothing here. It takes the place of Node's
 * `requestTimeout`, which ends an upload after 300 s however well it goes, and of socket timeouts, which cannot tell a
 * silent client from a registry that is busy committing a large layer.
 *
 * They stand in a plain list. V8 lets each table of a Map or Set know the one that took its place, and where entries come
 * and go with every request that is a new table each few requests: once one of them has grown old, all that the later ones
 * ever held outlives the small collections of garbage, and is copied by them. A gate that was busy, idle and busy again took
 * a half more for each request then, and twice the memory.
 */
export function createIdleWatch(limits: IdleLimits, now: () => number): IdleWatch {
  const marks: Mark[] = [];

  const remove = (watched: Marked): void => {
    const mark = watched[MARK];
    if (mark === undefined) return;
    watched[MARK] = undefined;
    const last = marks.pop();
    if (last === undefined || last === mark) return;
    marks[mark.at] = last;
    last.at = mark.at;
  };

  const add = (watched: Marked): void => {
    const { waitingFor, moved } = watched.progress();
    const mark = { watched, at: marks.length, waitingFor, moved, since: now() };
    watched[MARK] = mark;
    marks.push(mark);
  };

  const look = (): void => {
    const at = now();
    // From the end: who is removed meanwhile is replaced by one that was looked at.
    for (let place = marks.length - 1; place >= 0; place -= 1) {
      const mark = marks[place];
      if (mark !== undefined) judge(mark, at);
    }
  };

  const judge = (mark: Mark, at: number): void => {
    const { waitingFor, moved } = mark.watched.progress();
    if (mark.waitingFor !== waitingFor || mark.moved !== moved) {
      Object.assign(mark, { waitingFor, moved, since: at });
    } else if (at - mark.since >= limits[waitingFor]) {
      remove(mark.watched);
      mark.watched.expire(waitingFor);
    }
  };

  const timer = setInterval(look, tickFor(limits));
  timer.unref();
  return {
    add,
    remove,
    close: () => clearInterval(timer),
  };
}

function tickFor(limits: IdleLimits): number {
  return Math.max(SHORTEST_TICK_MS, Math.min(LONGEST_TICK_MS, Math.min(...Object.values(limits)) / 4));
}
