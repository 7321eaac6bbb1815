import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { backendTls } from './backend-connection.ts';
import { createConnectionPool } from './connection-pool.ts';
import type { ConnectionPool } from './connection-pool.ts';

/** Where the registry stands. `ca` is the PEM text that an https backend is verified with; verification is never off. */
export type BackendOptions =
  | { readonly kind: 'http'; readonly host: string; readonly port: number }
  | { readonly kind: 'https'; readonly host: string; readonly port: number; readonly ca?: string | undefined }
  | { readonly kind: 'unix'; readonly path: string };

export interface Backend {
  readonly options: BackendOptions;
  /** `host:port` as the registry would name itself, lower case. */
  readonly authority: string;
  /** Connections that are kept. For requests that ask and change nothing. */
  readonly pool: ConnectionPool;
  /** A connection of its own for each request. For what changes something and must never be sent twice. */
  readonly single: HttpAgent;
  close(): void;
}

/** Connects nowhere yet. `now`: monotonic milliseconds. */
export function createBackend(options: BackendOptions, now: () => number): Backend {
  const Agent = options.kind === 'https' ? HttpsAgent : HttpAgent;
  const tls = options.kind === 'https' ? backendTls(options) : {};
  const pool = createConnectionPool(options, now);
  const single = new Agent({ ...tls, keepAlive: false });
  return {
    options,
    authority: authorityOf(options),
    pool,
    single,
    close: () => {
      pool.close();
      single.destroy();
    },
  };
}

function authorityOf(options: BackendOptions): string {
  if (options.kind === 'unix') return 'localhost';
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const standard = options.kind === 'https' ? 443 : 80;
  return (options.port === standard ? host : `${host}:${options.port}`).toLowerCase();
}
