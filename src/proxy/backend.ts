import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AgentOptions } from 'node:https';
import { isIP } from 'node:net';

/** Where the registry stands. `ca` is the PEM text that an https backend is verified with; verification is never off. */
export type BackendOptions =
  | { readonly kind: 'http'; readonly host: string; readonly port: number }
  | { readonly kind: 'https'; readonly host: string; readonly port: number; readonly ca?: string | undefined }
  | { readonly kind: 'unix'; readonly path: string };

export interface Backend {
  readonly options: BackendOptions;
  /** `host:port` as the registry would name itself, lower case. */
  readonly authority: string;
  /**
   * Keep-alive connections. For requests that ask and change nothing: a connection that the backend closes at the very
   * moment it is used again costs such a request one silent retry. What a backend sends unasked while a connection waits
   * ends that connection; what it sends right after the next request was written to it cannot be told from the answer.
   */
  readonly pooled: HttpAgent;
  /** A connection of its own for each request. For what changes something and must never be sent twice. */
  readonly single: HttpAgent;
  close(): void;
}

const FREE_SOCKETS = 64;
/** How long a connection waits for the next request: shorter than servers wait (nginx 75 s; Node's 5 s stand in its answer, and the agent heeds them). */
const IDLE_MS = 30_000;

export function createBackend(options: BackendOptions): Backend {
  const Agent = options.kind === 'https' ? HttpsAgent : HttpAgent;
  const tls = options.kind === 'https' ? tlsOptions(options) : {};
  const pooled = new Agent({
    ...tls,
    keepAlive: true,
    maxFreeSockets: FREE_SOCKETS,
    scheduling: 'lifo',
    timeout: IDLE_MS,
  });
  const single = new Agent({ ...tls, keepAlive: false });
  return {
    options,
    authority: authorityOf(options),
    pooled,
    single,
    close: () => {
      pooled.destroy();
      single.destroy();
    },
  };
}

/** Node would take the name to verify from the Host header, which is the client's: the backend's own name is fixed here. */
function tlsOptions({ host, ca }: Extract<BackendOptions, { kind: 'https' }>): AgentOptions {
  const servername = isIP(host) === 0 ? host : '';
  return ca === undefined ? { servername } : { servername, ca };
}

function authorityOf(options: BackendOptions): string {
  if (options.kind === 'unix') return 'localhost';
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const standard = options.kind === 'https' ? 443 : 80;
  return (options.port === standard ? host : `${host}:${options.port}`).toLowerCase();
}
