import { packageVersion } from '../../../lib/package-version.ts';
import type { Trust } from '../../trust/trust.ts';
import { Answer } from './answer.ts';
import { exchange } from './exchange.ts';
import { createHosts, type Hosts } from './hosts.ts';
import { unreachable } from './unreachable.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface WireRequest {
  readonly method: Method;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** In milliseconds. */
export interface WireTimes {
  /** How long connecting may take, TLS included. */
  readonly connect: number;
  /** How long an answer may take after the request was sent. A registry hashes a layer before it answers. */
  readonly head: number;
  /** The same for GET and HEAD, if that is less. */
  readonly readHead?: number;
  /** How long a body may stall. */
  readonly idle: number;
}

interface WireOptions {
  /** Host, and port if there is one. */
  readonly registry: string;
  readonly isPlain: boolean;
  /** The unix socket on which the registry listens, if it is not reached by its name. */
  readonly socketPath?: string | undefined;
  /** Asked once, before the first connection with TLS. */
  readonly trust: () => Promise<Trust>;
  readonly times?: Partial<WireTimes>;
  /** Ends the requests that have no signal of their own. */
  readonly signal?: AbortSignal | undefined;
}

/** Connections to a registry, and to the hosts that it sends us to. */
export interface Wire {
  /** Where the registry itself is. */
  readonly origin: string;
  /** Sends one request, and returns its answer. Throws AppError REGISTRY_UNREACHABLE, or the reason of the signal. */
  send(request: WireRequest): Promise<Answer>;
  close(): Promise<void>;
}

const TIMES: WireTimes = { connect: 15_000, head: 300_000, idle: 60_000 };
/** Where the registry of docker.io is. */
const HUB = 'registry-1.docker.io';

export function createWire(options: WireOptions): Wire {
  const { registry, isPlain, socketPath, trust } = options;
  const times = { ...TIMES, ...options.times };
  const reading = { ...times, head: times.readHead ?? times.head };
  const agentName = `registry-gate/${packageVersion()} (images)`;
  const origin = new URL(`${isPlain ? 'http' : 'https'}://${registry === 'docker.io' ? HUB : registry}`)
    .origin;
  const hosts = createHosts({ own: origin, socketPath, trust, connectMs: times.connect });
  return {
    origin,
    async send({ method, url, headers, body, signal = options.signal }) {
      signal?.throwIfAborted();
      const outgoing = { method, url, headers: { 'user-agent': agentName, ...headers }, body, signal };
      try {
        const isRead = method === 'GET' || method === 'HEAD';
        const { head, body: arriving } = await sendOnce(hosts, outgoing, isRead ? reading : times);
        const { status, headers: fields, framing } = head;
        return new Answer({
          status,
          fields,
          body: arriving,
          endsWithConnection: framing === 'close',
          url,
          signal,
        });
      } catch (error) {
        signal?.throwIfAborted();
        throw unreachable(url, error);
      }
    },
    close: async () => hosts.close(),
  };
}

/**
 * Sends a request, again if the host had closed the connection of the one before, or may be trusted by more certificates.
 * A stream can't be sent again; before a host is trusted nothing of it was read.
 */
async function sendOnce(
  hosts: Hosts,
  outgoing: Parameters<typeof exchange>[1],
  times: WireTimes,
): ReturnType<typeof exchange> {
  for (;;) {
    const connections = await hosts.of(outgoing.url);
    const connection = connections.takeFree() ?? (await connections.take(outgoing.signal));
    try {
      return await exchange(connection, outgoing, times);
    } catch (error) {
      const mayTrust = connection.isUntrusted && hosts.trustMore(connections);
      const isAgain = mayTrust || (connection.isStale && !isStream(outgoing.body));
      if (!isAgain || outgoing.signal?.aborted === true) throw error;
    }
  }
}

function isStream(body: WireRequest['body']): boolean {
  return body !== undefined && !(body instanceof Uint8Array);
}
