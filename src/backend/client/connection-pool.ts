import { BackendConnection, SMALL_BYTES } from './backend-connection.ts';
import type { BackendOptions } from './backend-connection.ts';

/** Connections to one backend. */
export interface ConnectionPool {
  /** The connection that came back last, or a new one. The backend may just be closing it: only for requests that may be sent twice. */
  take(): BackendConnection;
  /** A new connection. */
  open(): BackendConnection;
  /** Ends all connections, those in use included. */
  close(): void;
}

const FREE_CONNECTIONS = 64;
/** How long a connection is kept: shorter than servers wait (nginx 75 s). A shorter time in the answer counts. */
const IDLE_MS = 30_000;
/** A connection is closed so much earlier than the backend would close it. */
const MARGIN_MS = 1000;
const SWEEP_MS = 5000;

interface Idle {
  readonly connection: BackendConnection;
  readonly until: number;
}

/**
 * Keeps connections for the next request. Bytes that a backend sends on a waiting connection end it; those that it sends
 * right after the next request was written cannot be told from the answer. `now`: monotonic milliseconds.
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
