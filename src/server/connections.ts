import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A request and its answer, under way on a connection. */
export interface OpenExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Knows every connection of the listeners, from its first byte on, and what is under way on it. */
export interface Connections {
  /** Follows the connections of a server. */
  follow(server: Server): void;
  /** Called for each request before anything is done with it. */
  open(exchange: OpenExchange): void;
  /** What is under way on this connection, in the order of arrival. */
  on(socket: Duplex): readonly OpenExchange[];
  /** All that is under way. */
  underWay(): readonly OpenExchange[];
  /** How many connections are open. */
  count(): number;
  /** From now on each connection ends with the answer that is under way on it; idle ones end now. */
  drain(): void;
  /** Ends everything now; each exchange that is under way is told to `onCut` before. */
  cut(): void;
}

export interface ConnectionsOptions {
  /**
   * How long a head may take: a connection that has sent none by then, when the gate is draining, is silent and not
   * slow. Node stops looking for those as soon as a server is closed, and never knew of connections that are still
   * before their TLS handshake.
   */
  readonly headMs: number;
  readonly onCut: (exchange: OpenExchange) => void;
}

/**
 * How long a connection that has not said a word since its handshake is waited for when the gate drains, in
 * milliseconds. Programs in Go open connections in reserve, which would hold the end up for the time of a head.
 */
const SPARE_MS = 1000;

/** Follows no connection yet. */
export function createConnections({ headMs, onCut }: ConnectionsOptions): Connections {
  const idle = createIdle();
  const sockets = new Map<string, Socket>();
  /** A connection keeps its list, empty between two requests, until it closes. */
  const busy = new Map<Duplex, OpenExchange[]>();
  let silent: NodeJS.Timeout | undefined;

  const close = (exchange: OpenExchange): void => {
    const list = busy.get(exchange.req.socket) ?? [];
    const at = list.indexOf(exchange);
    if (at >= 0) list.splice(at, 1);
    if (silent !== undefined) idle.close();
  };
  const cutSilent = (): void => {
    const active = new Set([...busy.values()].flat().map(({ req }) => endpointOf(req.socket)));
    for (const [endpoint, socket] of sockets) if (!active.has(endpoint)) socket.destroy();
  };

  return {
    follow: (server) => {
      idle.follow(server);
      server.on('connection', (socket: Socket) => {
        const endpoint = endpointOf(socket);
        sockets.set(endpoint, socket);
        socket.once('close', () => sockets.delete(endpoint));
      });
      // An answer that stands behind another one when the connection ends never closes.
      server.on('secureConnection', (socket: Socket) => socket.once('close', () => busy.delete(socket)));
    },
    open: (exchange) => {
      const { socket } = exchange.req;
      const list = busy.get(socket);
      if (list === undefined) busy.set(socket, [exchange]);
      else list.push(exchange);
      exchange.res.on('close', () => close(exchange));
    },
    on: (socket) => busy.get(socket) ?? [],
    underWay: () => [...busy.values()].flat(),
    count: () => sockets.size,
    drain: () => {
      for (const { res } of [...busy.values()].flat()) {
        if (!res.headersSent) res.setHeader('Connection', 'close');
      }
      silent ??= setTimeout(cutSilent, headMs).unref();
      setTimeout(idle.closeSpare, SPARE_MS).unref();
      idle.close();
    },
    cut: () => {
      for (const exchange of [...busy.values()].flat()) onCut(exchange);
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}

interface Idle {
  follow(server: Server): void;
  /** Ends the connections between two requests. */
  close(): void;
  /** Ends the connections that never had a first one: Node does not count them among the idle. */
  closeSpare(): void;
}

function createIdle(): Idle {
  const servers = new Set<Server>();
  const secured = new Set<Socket>();
  return {
    follow: (server) => {
      servers.add(server);
      server.on('secureConnection', (socket: Socket) => {
        secured.add(socket);
        socket.once('close', () => secured.delete(socket));
      });
    },
    close: () => {
      for (const server of servers) server.closeIdleConnections();
    },
    closeSpare: () => {
      for (const socket of secured) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}

/** The TCP connection and the TLS one over it are two sockets with one pair of ends. */
export function endpointOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}
