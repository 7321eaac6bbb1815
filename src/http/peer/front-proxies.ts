import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import {
  isInside,
  plainAddress,
  readNetworks,
  isHost,
  canonicalAddress,
  type Network,
} from '../../lib/network.ts';
import { readProxyHeader } from './proxy-protocol.ts';
import { wireOf } from '../../lib/node/tls-wire.ts';

interface FrontProxiesOptions {
  readonly config: Config['frontProxies'];
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** The front proxies before the gate, and the clients that they forward for. */
export interface FrontProxies {
  /** Reads the PROXY header of a new connection if one is due, and calls `goOn`. Ends the connection of a front proxy that sends none. The caller limits the time. */
  introduce(socket: Socket, goOn: () => void): void;
  /** Returns the address of the client of a request; without headers, of a connection. */
  addressOf(req: Pick<IncomingMessage, 'socket' | 'headers'>): string;
  /** Returns the host that the client asked for, with its port if one was given: Host, or what a front proxy says it was. */
  hostOf(req: Pick<IncomingMessage, 'socket' | 'headers'>): string;
  /** Reports whether this is the address of a front proxy. */
  isFront(address: string): boolean;
}

const WARN_EVERY_MS = 60_000;

/** Without networks no front proxy is trusted, and only the address of the socket counts. */
export function createFrontProxies({ config, logger, now }: FrontProxiesOptions): FrontProxies {
  const trusted = readNetworks(config.networks);
  const isFront = (address: string): boolean => isInside(address, trusted);
  const isByHeader = config.protocol === 'x-forwarded-for';
  const hostOf: FrontProxies['hostOf'] = ({ socket, headers }) => {
    const given = isByHeader ? headers['x-forwarded-host'] : undefined;
    const isBelieved = given !== undefined && isFront(plainAddress(socket.remoteAddress));
    return (isBelieved ? hostIn(String(given)) : undefined) ?? headers.host ?? '';
  };
  const protocol =
    isByHeader || trusted.length === 0
      ? byHeader(trusted, warnOfDropped(logger))
      : byConnection(isFront, warner({ config, logger, now }));
  return { ...protocol, hostOf, isFront };
}

type Protocol = Pick<FrontProxies, 'introduce' | 'addressOf'>;

function byHeader(trusted: Parameters<typeof clientOf>[2], onDropped: (address: string) => void): Protocol {
  return {
    introduce: (_socket, goOn) => goOn(),
    addressOf: ({ socket, headers }) => {
      const peer = plainAddress(socket.remoteAddress);
      const given = headers['x-forwarded-for'];
      if (given === undefined) return peer;
      if (!isInside(peer, trusted)) onDropped(peer);
      return clientOf(peer, String(given), trusted);
    },
  };
}

/** The number of peers whose dropped header is logged, one line for each. */
const MOST_DROPPED = 64;

/** All clients behind a front proxy that is not trusted count as one client: their wrong passwords count together. */
function warnOfDropped(logger: Logger): (address: string) => void {
  const seen = new Set<string>();
  return (address) => {
    if (seen.has(address) || seen.size >= MOST_DROPPED) return;
    seen.add(address);
    logger.warn(
      { address, warning: 'X-Forwarded-For was dropped: its sender is not in frontProxies.networks' },
      'if this is a front proxy of yours, name it there; until then all clients behind it count as one',
    );
  };
}

function byConnection(isFront: (address: string) => boolean, warn: Warn): Protocol {
  /** The clients by TCP socket; the TLS socket over it is another object. */
  const clients = new WeakMap<object, string>();
  return {
    introduce: (socket, goOn) => {
      const front = plainAddress(socket.remoteAddress);
      if (!isFront(front)) {
        goOn();
        return;
      }
      takeHeader(socket, (outcome) => {
        if (outcome.kind === 'malformed') {
          warn(front, outcome.reason);
          socket.destroy();
          return;
        }
        clients.set(socket, outcome.address ?? front);
        goOn();
      });
    },
    addressOf: ({ socket }) => clients.get(wireOf(socket)) ?? plainAddress(socket.remoteAddress),
  };
}

type Taken = Exclude<ReturnType<typeof readProxyHeader>, { kind: 'partial' }>;

/** Reads until it is known whether there is a header. The bytes after it are put back into the socket. */
function takeHeader(socket: Socket, onTaken: (taken: Taken) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const onReadable = (): void => {
    const piece: unknown = socket.read();
    if (!(piece instanceof Buffer)) {
      // The front proxy only checked whether the port is open.
      socket.destroy();
      return;
    }
    bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
    const outcome = readProxyHeader(bytes);
    if (outcome.kind === 'partial') return;
    socket.off('readable', onReadable);
    if (outcome.kind === 'header' && bytes.length > outcome.length) {
      socket.unshift(bytes.subarray(outcome.length));
    }
    onTaken(outcome);
  };
  socket.on('readable', onReadable);
}

const CURE =
  'let it send the PROXY protocol (nginx: proxy_protocol on; HAProxy: send-proxy-v2), set frontProxies.protocol: x-forwarded-for where it sends that, or take its address out of frontProxies.networks where it is a client itself';

/** Names the networks that make it a front proxy: `frontProxies.networks: 10.0.0.0/8; frontProxies.protocol: proxy-protocol`. */
function settingOf({ networks, protocol }: FrontProxiesOptions['config'], front: string): string {
  const found = networks.filter((text) => isInside(front, readNetworks([text])));
  return `frontProxies.networks: ${found.join(', ')}; frontProxies.protocol: ${protocol}`;
}

type Warn = (front: string, reason: string) => void;

/** One line a minute is enough. */
function warner({ config, logger, now }: FrontProxiesOptions): Warn {
  let next = -Infinity;
  let unsaid = 0;
  return (front, reason) => {
    unsaid += 1;
    if (now() < next) return;
    next = now() + WARN_EVERY_MS;
    logger.warn(
      { address: front, setting: settingOf(config, front), error: `its connection ${reason}`, count: unsaid },
      `the connection of front proxy ${front} was refused: ${CURE}`,
    );
    unsaid = 0;
  };
}

const WITH_PORT = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/;

/**
 * Returns the client's address of a request from `peer`: the rightmost address that is not trusted. From right to left,
 * each trusted proxy vouches for the entry to its left; anybody can have written what stands further left. An entry
 * that is not an address ends the search at the proxy that wrote it. `header` is the value of `X-Forwarded-For`, with
 * several joined by commas.
 */
export function clientOf(peer: string, header: string | undefined, trusted: readonly Network[]): string {
  if (header === undefined || !isInside(peer, trusted)) return peer;
  let client = peer;
  for (let end = header.length; end >= 0;) {
    const comma = end === 0 ? -1 : header.lastIndexOf(',', end - 1);
    const address = readEntry(header.slice(comma + 1, end).trim());
    if (address === undefined) return client;
    client = address;
    if (!isInside(address, trusted)) return client;
    end = comma;
  }
  return client;
}

/** Parses an address, with a port as some proxies write it: `192.0.2.1:5000`, `[2001:db8::1]:5000`. */
function readEntry(text: string): string | undefined {
  const [, inBrackets, beforePort] = WITH_PORT.exec(text) ?? [];
  return canonicalAddress(inBrackets ?? beforePort ?? text);
}

/**
 * The host that a client asked a front proxy for, from `X-Forwarded-Host` of that proxy. Of several values the last is
 * taken: the proxy next to the gate wrote it. Undefined where that is not a host with an optional port.
 */
export function hostIn(header: string): string | undefined {
  const last = header.slice(header.lastIndexOf(',') + 1).trim();
  return isHost(last) ? last : undefined;
}
