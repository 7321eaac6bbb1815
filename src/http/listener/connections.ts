import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { wireOf } from '../../lib/node/tls-wire.ts';

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
