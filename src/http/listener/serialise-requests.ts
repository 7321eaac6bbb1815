import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { bodyLength } from '../../oci/request/body.ts';
import { lingerOnClose } from '../wire/linger.ts';
import type { Connections } from './connections.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

interface Waiting {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

interface Line {
  isBusy: boolean;
  /** Of the heads that wait. */
  waitingBytes: number;
  readonly waiting: Waiting[];
}

const KEEP_ALIVE_PROBE_MS = 30_000;
/** How many requests a client may send ahead of the answers, and how many bytes of heads. Registry clients send none. */
const MOST_AHEAD = 100;
const MOST_AHEAD_BYTES = 64 * 1024;

/** Every way in which Node hands over a request ends in the same handler, so that nothing is answered around it. */
export function attachHandler(server: Server, handler: Handler, connections: Connections): void {
  const serve = serialiseRequests(handler);
  const handle: Handler = (req, res) => {
    if (connections.open({ req, res })) prepare(req.socket, connections);
    serve(req, res);
  };
  server.on('request', handle).on('checkContinue', handle).on('checkExpectation', handle);
}

/** Before its first request a connection needs none of this: it ends with the time for heads. */
function prepare(socket: Socket, connections: Connections): void {
  socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
  lingerOnClose(socket, () => {
    const sent = connections.on(socket).find(({ req }) => !req.complete);
    return sent && (bodyLength(sent.req.headers) ?? 'unknown');
  });
}

/**
 * Serves the requests of one connection one after the other, where Node hands over all that are sent ahead at once.
 * An answer that ends the connection ends it for them too: where one request was refused, what follows it on the wire
 * may be the inside of that one, and must not be done behind the client's back.
 */
export function serialiseRequests(handler: Handler): Handler {
  const lines = new WeakMap<Socket, Line>();
  const lineOf = (socket: Socket): Line => {
    let line = lines.get(socket);
    if (line === undefined) lines.set(socket, (line = { isBusy: false, waiting: [], waitingBytes: 0 }));
    return line;
  };

  const serve = ({ req, res }: Waiting, line: Line): void => {
    line.isBusy = true;
    // Asked for now: once a request is done with, Node may have taken its connection from it.
    const { socket } = req;
    res.on('close', () => {
      // Whatever else has come on a connection that ends is never served.
      if (!socket.writable) return;
      line.isBusy = false;
      const next = line.waiting.shift();
      if (next === undefined) return;
      line.waitingBytes -= headBytes(next.req);
      serve(next, line);
    });
    handler(req, res);
  };

  return function serialiseRequests(req, res) {
    const line = lineOf(req.socket);
    if (!line.isBusy) serve({ req, res }, line);
    else if (isTooMuch(line, req)) req.socket.destroy();
    else {
      line.waiting.push({ req, res });
      line.waitingBytes += headBytes(req);
    }
  };
}

function isTooMuch({ waiting, waitingBytes }: Line, req: IncomingMessage): boolean {
  return waiting.length >= MOST_AHEAD || waitingBytes + headBytes(req) > MOST_AHEAD_BYTES;
}

function headBytes({ url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length, url.length);
}
