import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { wireOf } from '../../lib/node/tls-wire.ts';
import { bodyLength } from '../../oci/request/body.ts';
import { lingerOnClose } from '../wire/linger.ts';

/** A request and its answer, in progress on a connection. */
export interface OpenExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** All connections of the listeners, from the first byte on, and the exchanges in progress on them. */
export interface Connections {
  /** Adds the connections of a server, from the event on which requests can come: after the TLS handshake, or at once. */
  follow(server: Server, begin?: 'secureConnection' | 'connection'): void;
  /** Must be called for each request before anything else is done with it. Returns whether it is the first one on its connection. */
  open(exchange: OpenExchange): boolean;
  /** Returns the exchanges in progress on this connection, in the order of arrival. */
  on(socket: Duplex): readonly OpenExchange[];
  /** Returns all exchanges in progress. */
  underWay(): readonly OpenExchange[];
  /** Returns the number of open connections. */
  count(): number;
  /** From now on each connection ends with the answer in progress, or with the next one. Idle connections end soon. */
  drain(): void;
  isDraining(): boolean;
  /** Ends all connections now. `onCut` is called before for each exchange in progress. */
  cut(): void;
  /**
   * Resolves once no connection is left after its TLS handshake. A server says that it has closed as soon as its sockets
   * are; the TLS sockets on them, and the exchanges on these, end a moment later.
   */
  ended(): Promise<void>;
}

interface ConnectionsOptions {
  /**
   * How long a request head may take, in milliseconds. When the gate drains, a connection that has sent none after this
   * time is silent, not slow. Node does not know the connections before their TLS handshake.
   */
  readonly headMs: number;
  readonly onCut: (exchange: OpenExchange) => void;
}

/**
 * How long the gate waits for the next bytes on a connection when it drains, in milliseconds: after the handshake, or
 * between two requests. An immediate end could hit a request on its way. The wait is short, since programs in Go keep
 * idle connections.
 */
const PARTING_MS = 2000;

/** Creates the list of connections, which is empty at first. */
export function createConnections({ headMs, onCut }: ConnectionsOptions): Connections {
  /** Each connection keeps its list, which is empty between two requests, until it closes. */
  const busy = new Map<Duplex, OpenExchange[]>();
  let silent: NodeJS.Timeout | undefined;

  const on = (socket: Duplex): readonly OpenExchange[] => busy.get(socket) ?? [];
  const underWay = (): readonly OpenExchange[] => [...busy.values()].flat();
  const part = (socket: Socket): void => endIfIdle(socket, () => on(socket).length > 0);
  const close = ({ req: { socket }, res }: OpenExchange): void => {
    const list = busy.get(socket) ?? [];
    const at = list.findIndex((exchange) => exchange.res === res);
    if (at >= 0) list.splice(at, 1);
    if (silent !== undefined) part(socket);
  };
  const sockets = trackSockets({
    onSecured: (socket) => void (silent !== undefined && part(socket)),
    // An answer behind another one never closes if the connection ends first.
    onClosed: (socket) => busy.delete(socket),
  });

  return {
    follow: sockets.follow,
    open: (exchange) => {
      const { socket } = exchange.req;
      const list = busy.get(socket);
      if (list === undefined) busy.set(socket, [exchange]);
      else list.push(exchange);
      exchange.res.on('close', () => close(exchange));
      return list === undefined;
    },
    on,
    underWay,
    count: () => sockets.all.size,
    drain: () => {
      for (const { res } of underWay()) if (!res.headersSent) res.setHeader('Connection', 'close');
      silent ??= setTimeout(() => cutOthers(sockets.all, underWay()), headMs).unref();
      for (const socket of sockets.secured) part(socket);
    },
    isDraining: () => silent !== undefined,
    cut: () => {
      for (const exchange of underWay()) onCut(exchange);
      for (const socket of sockets.all) socket.destroy();
    },
    ended: sockets.ended,
  };
}

interface TrackedSockets extends Pick<Connections, 'follow' | 'ended'> {
  readonly all: ReadonlySet<Socket>;
  /** The connections after their TLS handshake. */
  readonly secured: ReadonlySet<Socket>;
}

interface TrackOptions {
  onSecured(socket: Socket): void;
  /** Is told of a connection that has closed after its TLS handshake. */
  onClosed(socket: Socket): void;
}

function trackSockets({ onSecured, onClosed }: TrackOptions): TrackedSockets {
  const all = new Set<Socket>();
  const secured = new Set<Socket>();
  let onEnded: (() => void) | undefined;

  const forget = (socket: Socket): void => {
    secured.delete(socket);
    onClosed(socket);
    if (secured.size === 0) onEnded?.();
  };

  return {
    all,
    secured,
    follow: (server, begin = 'secureConnection') => {
      server.on('connection', (socket: Socket) => {
        all.add(socket);
        socket.on('close', () => all.delete(socket));
      });
      server.on(begin, (socket: Socket) => {
        secured.add(socket);
        socket.on('close', () => forget(socket));
        onSecured(socket);
      });
    },
    ended: async () => {
      if (secured.size > 0) await new Promise<void>((resolve) => (onEnded = resolve));
    },
  };
}

/** Ends the connection if nothing is in progress on it and no byte arrives. */
function endIfIdle(socket: Socket, isBusy: () => boolean): void {
  const { bytesRead } = socket;
  const end = (): void => {
    if (socket.bytesRead === bytesRead && !isBusy()) socket.destroy();
  };
  if (!isBusy()) setTimeout(end, PARTING_MS).unref();
}

/** Ends all connections on which nothing is in progress. */
function cutOthers(sockets: ReadonlySet<Socket>, underWay: readonly OpenExchange[]): void {
  const active = new Set(underWay.map(({ req }) => wireOf(req.socket)));
  for (const socket of sockets) if (!active.has(socket)) socket.destroy();
}

/** What Node.js calls for every request. */
export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

interface Line {
  isBusy: boolean;
  /** The bytes of the request heads that wait. */
  waitingBytes: number;
  readonly waiting: OpenExchange[];
}

const KEEP_ALIVE_PROBE_MS = 30_000;
/** How many pipelined requests may wait, and how many bytes their heads may have. Registry clients do not pipeline. */
const MOST_AHEAD = 100;
const MOST_AHEAD_BYTES = 64 * 1024;

/** All events with which Node delivers a request call the same handler, so that no request is answered elsewhere. */
export function attachHandler(server: Server, handler: Handler, connections: Connections): void {
  const serve = serialiseRequests(handler);
  const handle: Handler = (req, res) => {
    if (connections.open({ req, res })) prepare(req.socket, connections);
    serve(req, res);
  };
  server.on('request', handle).on('checkContinue', handle).on('checkExpectation', handle);
}

/** Prepares a connection at its first request. Before that, the time limit for the head applies. */
function prepare(socket: Socket, connections: Connections): void {
  socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
  lingerOnClose(socket, () => {
    const sent = connections.on(socket).find(({ req }) => !req.complete);
    return sent && (bodyLength(sent.req.headers) ?? 'unknown');
  });
}

/**
 * Serves the requests of one connection one after the other, since Node delivers all pipelined requests at once. An
 * answer that ends the connection ends it for the next requests too: after a refused request, the bytes that follow may
 * belong to its body, and must not be served as a request.
 */
export function serialiseRequests(handler: Handler): Handler {
  const lines = new WeakMap<Socket, Line>();
  const lineOf = (socket: Socket): Line => {
    let line = lines.get(socket);
    if (line === undefined) lines.set(socket, (line = { isBusy: false, waiting: [], waitingBytes: 0 }));
    return line;
  };

  const serve = ({ req, res }: OpenExchange, line: Line): void => {
    line.isBusy = true;
    // Read now: Node may detach the connection from a request that has ended.
    const { socket } = req;
    res.on('close', () => {
      // The requests that wait on a connection that ends are never served.
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
