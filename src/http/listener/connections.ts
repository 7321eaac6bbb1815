import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { wireOf } from '../../lib/node/tls-wire.ts';
import { bodyLength } from '../../oci/request/body.ts';
import { lingerOnClose } from '../wire/linger.ts';

/** A request and its answer, under way on a connection. */
export interface OpenExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Knows every connection of the listeners, from its first byte on, and what is under way on it. */
export interface Connections {
  /** Follows the connections of a server. */
  follow(server: Server): void;
  /** Called for each request before anything is done with it. Whether it is the first one on its connection. */
  open(exchange: OpenExchange): boolean;
  /** What is under way on this connection, in the order of arrival. */
  on(socket: Duplex): readonly OpenExchange[];
  /** All that is under way. */
  underWay(): readonly OpenExchange[];
  /** How many connections are open. */
  count(): number;
  /** From now on each connection ends with the answer that is under way on it, or the next one; idle ones end soon. */
  drain(): void;
  /** Ends everything now; each exchange that is under way is told to `onCut` before. */
  cut(): void;
}

interface ConnectionsOptions {
  /**
   * How long a head may take: a connection that has sent none by then, when the gate is draining, is silent and not
   * slow. Node never knew of connections that are still before their TLS handshake.
   */
  readonly headMs: number;
  readonly onCut: (exchange: OpenExchange) => void;
}

/**
 * How long the next word on a connection is waited for when the gate drains, in milliseconds: after its handshake, or
 * between two requests. Ended at once it would be ended on clients whose request is on its way. Longer than this nobody
 * waits: programs in Go hold connections in reserve.
 */
const PARTING_MS = 2000;

/** Follows no connection yet. */
export function createConnections({ headMs, onCut }: ConnectionsOptions): Connections {
  const sockets = new Set<Socket>();
  /** Those after their TLS handshake. */
  const secured = new Set<Socket>();
  /** A connection keeps its list, empty between two requests, until it closes. */
  const busy = new Map<Duplex, OpenExchange[]>();
  let silent: NodeJS.Timeout | undefined;

  const close = (exchange: OpenExchange): void => {
    const { socket } = exchange.req;
    const list = busy.get(socket) ?? [];
    const at = list.indexOf(exchange);
    if (at >= 0) list.splice(at, 1);
    if (silent !== undefined) part(socket);
  };
  const part = (socket: Socket): void => endIfIdle(socket, () => (busy.get(socket)?.length ?? 0) > 0);
  const cutSilent = (): void => cutOthers(sockets, [...busy.values()].flat());

  return {
    follow: (server) => {
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
      server.on('secureConnection', (socket: Socket) => {
        secured.add(socket);
        // An answer that stands behind another one when the connection ends never closes.
        socket.on('close', () => secured.delete(socket) && busy.delete(socket));
        if (silent !== undefined) part(socket);
      });
    },
    open: (exchange) => {
      const { socket } = exchange.req;
      const list = busy.get(socket);
      if (list === undefined) busy.set(socket, [exchange]);
      else list.push(exchange);
      exchange.res.on('close', () => close(exchange));
      return list === undefined;
    },
    on: (socket) => busy.get(socket) ?? [],
    underWay: () => [...busy.values()].flat(),
    count: () => sockets.size,
    drain: () => {
      for (const { res } of [...busy.values()].flat())
        if (!res.headersSent) res.setHeader('Connection', 'close');
      silent ??= setTimeout(cutSilent, headMs).unref();
      for (const socket of secured) part(socket);
    },
    cut: () => {
      for (const exchange of [...busy.values()].flat()) onCut(exchange);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Ends the connection if nothing is under way on it and nothing more comes. */
function endIfIdle(socket: Socket, isBusy: () => boolean): void {
  const { bytesRead } = socket;
  const end = (): void => {
    if (socket.bytesRead === bytesRead && !isBusy()) socket.destroy();
  };
  if (!isBusy()) setTimeout(end, PARTING_MS).unref();
}

/** Ends all connections on which nothing is under way. */
function cutOthers(sockets: ReadonlySet<Socket>, underWay: readonly OpenExchange[]): void {
  const active = new Set(underWay.map(({ req }) => wireOf(req.socket)));
  for (const socket of sockets) if (!active.has(socket)) socket.destroy();
}

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
