import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/**
 * The address of the registry. `ca` is the PEM text that verifies an https backend; verification is never off. `prefix` is
 * the path before `/v2/`, like `/oci`. `hostHeader` is the Host of requests to it, instead of the client's.
 */
export type BackendOptions = (
  | { readonly kind: 'http'; readonly host: string; readonly port: number; readonly prefix?: string }
  | {
      readonly kind: 'https';
      readonly host: string;
      readonly port: number;
      readonly prefix?: string;
      readonly ca?: string | undefined;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly prefix?: undefined }
) & { readonly hostHeader?: string | undefined };

const KEEPALIVE_MS = 1000;

/** Opens a socket to the registry, by TCP, TLS or a Unix socket. */
export function openSocket(options: BackendOptions, onread: OnReadOpts): Socket {
  if (options.kind === 'unix') return connectTcp({ path: options.path, onread });
  const { host, port } = options;
  const socket = options.kind === 'http' ? connectTcp({ host, port, onread }) : openTls(options, onread);
  return socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
}

interface BackendTls {
  readonly servername: string;
  readonly rejectUnauthorized: true;
  readonly ca?: string;
}

/**
 * Verifies a TLS backend against its own name, whatever the client calls it. `rejectUnauthorized` is explicit, or a
 * variable of the environment could switch it off.
 */
export function backendTls({ host, ca }: Extract<BackendOptions, { kind: 'https' }>): BackendTls {
  const servername = isIP(host) === 0 ? host : '';
  return { servername, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
}

function openTls(options: Extract<BackendOptions, { kind: 'https' }>, onread: OnReadOpts): TLSSocket {
  const { host, port } = options;
  const settings = { host, port, ...backendTls(options), ALPNProtocols: ['http/1.1'], onread };
  return connectTls(settings);
}
