import { Connection, type OpenSocket } from './connection.ts';

/** Connections to one host. */
export interface Connections {
  /** Returns one that is free, or a new one. Undefined if there are too many. */
  takeFree(): Connection | undefined;
  /**
   * Returns one that is free, or a new one, as soon as there may be one more. Rejects with the reason of the signal, and
   * is not waited for then.
   */
  take(signal?: AbortSignal): Promise<Connection>;
  /** Whether a request is on one of them. */
  readonly isBusy: boolean;
  /** Ends all, those in use included. */
  close(): void;
}

interface Idle {
  readonly connection: Connection;
  readonly until: number;
}

/** How long a connection is kept for the next request, if the host does not say how long it waits. */
const IDLE_MS = 4000;
const MOST_IDLE_MS = 30_000;
/** It is given up so much earlier than the host would close it. */
const MARGIN_MS = 1000;

/** `now`: monotonic milliseconds. */
export function createConnections(open: OpenSocket, most: number, now: () => number): Connections {
  const all = new Set<Connection>();
  let idle: readonly Idle[] = [];
  const waiting: ((connection: Connection) => void)[] = [];

  const make = (): Connection => {
    const connection: Connection = new Connection(open, {
      release(released) {
        const next = waiting.shift();
        if (next !== undefined) return next(released);
        const { keepAliveMs } = released;
        const waits = keepAliveMs === undefined ? IDLE_MS : Math.min(MOST_IDLE_MS, keepAliveMs - MARGIN_MS);
        if (waits > 0) idle = [...idle, { connection: released, until: now() + waits }];
        else released.abandon();
      },
      forget(ended) {
        all.delete(ended);
        idle = idle.filter((other) => other.connection !== ended);
        waiting.shift()?.(make());
      },
    });
    all.add(connection);
    return connection;
  };

  const takeFree = (): Connection | undefined => {
    for (let last = idle.at(-1); last !== undefined; last = idle.at(-1)) {
      idle = idle.slice(0, -1);
      if (last.connection.socket.writable && last.until > now()) return last.connection;
      last.connection.abandon();
    }
    return all.size < most ? make() : undefined;
  };

  return {
    takeFree,
    async take(signal) {
      signal?.throwIfAborted();
      return takeFree() ?? waitIn(waiting, signal);
    },
    get isBusy() {
      return all.size > idle.length;
    },
    close() {
      waiting.length = 0;
      for (const connection of all) connection.abandon();
    },
  };
}

/** Waits for a connection, unless the signal ends that. Whoever has left holds up nobody. */
function waitIn(
  waiting: ((connection: Connection) => void)[],
  signal: AbortSignal | undefined,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      waiting.splice(waiting.indexOf(take), 1);
      reject(signal?.reason);
    };
    const take = (connection: Connection): void => {
      signal?.removeEventListener('abort', leave);
      resolve(connection);
    };
    waiting.push(take);
    signal?.addEventListener('abort', leave, { once: true });
  });
}
