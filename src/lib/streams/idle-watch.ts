/** What a transfer waits for, and the number that changes while it makes progress. */
export interface Progress {
  readonly waitingFor: Wait;
  /** Any counter that grows with each byte that is waited for. */
  readonly moved: number;
}

export type Wait = 'connect' | 'client-body' | 'client-reading' | 'backend';

export interface Watched {
  progress(): Progress;
  /** Called once, when nothing has moved for as long as this wait may last. */
  expire(wait: Wait): void;
}

/** The progress of a transfer that the gate itself holds back. The number never equals itself, so that it always counts as progress. */
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
  /** Its index in the list. */
  at: number;
  waitingFor: Wait;
  moved: number;
  since: number;
}

const MARK = Symbol('mark');

/** A watched object keeps its mark. Only one watch may have it at a time. */
interface Marked extends Watched {
  [MARK]?: Mark | undefined;
}

const LONGEST_TICK_MS = 1000;
const SHORTEST_TICK_MS = 10;

/**
 * Looks at all transfers a few times within the shortest limit, and ends those in which nothing moved. There is one
 * timer for all, and the counters are those that sockets keep anyway: a byte costs nothing here. It replaces Node's
 * `requestTimeout`, which ends an upload after 300 s even if it makes progress, and socket timeouts, which can't tell a
 * silent client from a registry that is busy with the commit of a large layer.
 *
 * The transfers are kept in a plain array. Each hash table of a Map or Set in V8 points to the one that replaced it,
 * and with entries that come and go with every request there is a new table every few requests. Once one of the tables
 * has become old, everything that the later ones ever held survives the minor garbage collections, which copy it. A
 * gate that was busy, idle and busy again spent half as much again on each request then, and twice the memory.
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
    // From the end: a transfer that is removed meanwhile is replaced by one that was looked at.
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
