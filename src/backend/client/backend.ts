import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { backendTls, type BackendOptions } from './backend-address.ts';
import { createConnectionPool, type ConnectionPool } from './backend-connection.ts';

export interface Backend {
  readonly options: BackendOptions;
  /** As `--backend` names it. */
  readonly url: string;
  /** `host:port` as the registry would name itself, lower case: the Host of the gate's own requests. */
  readonly authority: string;
  /** The path before `/v2/`, or empty. */
  readonly prefix: string;
  /** Kept connections, for requests that change nothing. */
  readonly pool: ConnectionPool;
  /** A connection for each request, for those that change something and must never be sent twice. */
  readonly single: HttpAgent;
  close(): void;
}

/** Makes no connection yet. `now`: monotonic milliseconds. */
export function createBackend(options: BackendOptions, now: () => number): Backend {
  const Agent = options.kind === 'https' ? HttpsAgent : HttpAgent;
  const tls = options.kind === 'https' ? backendTls(options) : {};
  const pool = createConnectionPool(options, now);
  const single = new Agent({ ...tls, keepAlive: false });
  return {
    options,
    url: urlOf(options),
    authority: options.hostHeader ?? authorityOf(options),
    prefix: options.prefix ?? '',
    pool,
    single,
    close: () => {
      pool.close();
      single.destroy();
    },
  };
}

function urlOf(options: BackendOptions): string {
  if (options.kind === 'unix') return `unix:${options.path}`;
  return `${options.kind}://${authorityOf(options)}${options.prefix ?? ''}`;
}

function authorityOf(options: BackendOptions): string {
  if (options.kind === 'unix') return 'localhost';
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const standard = options.kind === 'https' ? 443 : 80;
  return (options.port === standard ? host : `${host}:${options.port}`).toLowerCase();
}
