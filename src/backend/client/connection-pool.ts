import { BackendConnection, SMALL_BYTES } from './backend-connection.ts';
import type { BackendOptions } from './backend-connection.ts';

/** Connections to one backend. */
export interface ConnectionPool {
  /** The connection that came back last, or a new one. For what may be asked twice: the backend may just be closing it. */
  take(): BackendConnection;
  /** A connection that has served nobody. */
  open(): BackendConnection;
  /** Ends all connections, those in use as well. */
  close(): void;
}

const FREE_CONNECTIONS = 64;
/** How long a connection waits for the next request: shorter than servers wait (nginx 75 s); a shorter time that stands in the answer is heeded. */
const IDLE_MS = 30_000;
/** So much earlier than the backend we let a connection go. */
const MARGIN_MS = 1000;
const SWEEP_MS = 5000;

interface Idle {
  readonly connection: BackendConnection;
  readonly until: number;
}

/**
 * Keeps connections for the next request. What a backend sends unasked while a connection waits ends that connection;
 * what it sends right after the next request was written to it cannot be told from the answer. `now`: monotonic
 * milliseconds.
 */
export function createConnectionPool(options: BackendOptions, now: () => number): ConnectionPool {
  const all = new Set<BackendConnection>();
  const small = Buffer.allocUnsafeSlow(SMALL_BYTES);
  let idle: Idle[] = [];

  const release = (connection: BackendConnection): void => {
    const waits = Math.min(IDLE_MS, (connection.keepAliveMs ?? Infinity) - MARGIN_MS);
    if (waits <= 0 || idle.length >= FREE_CONNECTIONS) connection.socket.destroy();
    else idle.push({ connection, until: now() + waits });
  };
  const open = (): BackendConnection => {
    const connection = new BackendConnection(options, { release, small });
    all.add(connection);
    connection.socket.once('close', () => {
      all.delete(connection);
      idle = idle.filter((other) => other.connection !== connection);
    });
    return connection;
  };
  const take = (): BackendConnection => {
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      if (last.connection.socket.writable && last.until > now()) return last.connection;
      last.connection.socket.destroy();
    }
    return open();
  };
  const sweep = (): void => {
    const at = now();
    for (const { connection, until } of idle) if (until <= at) connection.socket.destroy();
  };

  const timer = setInterval(sweep, SWEEP_MS).unref();
  return {
    take,
    open,
    close: () => {
      clearInterval(timer);
      for (const connection of all) connection.socket.destroy();
    },
  };
}
