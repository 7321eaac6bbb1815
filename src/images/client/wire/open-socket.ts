import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { OpenSocket } from './connection.ts';
import type { Secure } from './secure.ts';
import { WireError } from './wire-error.ts';

interface SocketOptions {
  /** How long connecting may take, TLS included, in milliseconds. */
  readonly connectMs: number;
  /** Undefined for plain HTTP. */
  readonly secure: Secure | undefined;
  /** A unix socket in place of the host, for plain HTTP. */
  readonly socketPath: string | undefined;
}

const KEEPALIVE_MS = 1000;

/** Returns what opens sockets to the host of a URL. Their TLS sessions are resumed, which saves the certificates. */
export function socketOpener(url: URL, { connectMs, secure, socketPath }: SocketOptions): OpenSocket {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port === '' ? (secure === undefined ? 80 : 443) : url.port);
  let session: Buffer | undefined;

  const openTls = ({ context, connect }: Secure, onread: OnReadOpts): TLSSocket => {
    const settings = {
      host,
      port,
      onread,
      secureContext: context,
      servername: isIP(host) === 0 ? host : '',
      // Explicit, or a variable of the environment could switch it off.
      rejectUnauthorized: true,
      // A second version of the protocol would be a second set of bounds to prove.
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? {} : { session }),
    };
    return connect(settings).on('session', (next) => (session = next));
  };

  return (onread) => {
    const address = socketPath === undefined ? { host, port } : { path: socketPath };
    const socket = secure === undefined ? connectTcp({ ...address, onread }) : openTls(secure, onread);
    limitConnecting(socket, secure === undefined ? 'connect' : 'secureConnect', connectMs);
    return socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
  };
}

function limitConnecting(socket: Socket, connected: string, connectMs: number): void {
  const timer = setTimeout(() => {
    socket.destroy(new WireError('ETIMEDOUT', `no connection within ${connectMs} ms`));
  }, connectMs);
  const stop = (): void => clearTimeout(timer);
  socket.once(connected, stop).once('close', stop);
}
