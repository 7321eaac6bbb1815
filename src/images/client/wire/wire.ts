import { Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { Agent, buildConnector, request as send } from 'undici';
import { packageVersion } from '../../../lib/package-version.ts';
import { Answer } from './answer.ts';
import { allAuthorities, type Trust } from '../../trust/trust.ts';
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
const MOST_CONNECTIONS = 32;
/** Other hosts at one time: object stores, and where tokens are issued. */
const MOST_HOSTS = 32;
/** Where the registry of docker.io is. */
const HUB = 'registry-1.docker.io';

export function createWire(options: WireOptions): Wire {
  const { registry, isPlain, socketPath } = options;
  const times = { ...TIMES, ...options.times };
  const agentName = `registry-gate/${packageVersion()} (images)`;
  const origin = new URL(`${isPlain ? 'http' : 'https'}://${registry === 'docker.io' ? HUB : registry}`)
    .origin;
  // The client certificate is for the registry alone, and so is the socket.
  const own = lazyAgent({ times, trust: options.trust, socketPath });
  const others = lazyAgent({
    times,
    trust: async () => ({ ...(await options.trust()), client: undefined }),
    socketPath: undefined,
  });
  return {
    origin,
    async send({ method, url, headers, body, signal = options.signal }) {
      signal?.throwIfAborted();
      const agent = await (url.origin === origin ? own : others).get();
      try {
        const {
          statusCode,
          headers: fields,
          body: stream,
        } = await send(url, {
          dispatcher: agent,
          method,
          headers: { 'user-agent': agentName, ...headers },
          body: body === undefined || body instanceof Uint8Array ? (body ?? null) : Readable.from(body),
          signal: signal ?? null,
        });
        return new Answer({ status: statusCode, fields, stream, url, signal });
      } catch (error) {
        signal?.throwIfAborted();
        throw unreachable(url, error);
      }
    },
    close: async () => void (await Promise.all([own.close(), others.close()])),
  };
}

interface LazyAgent {
  get(): Promise<Agent>;
  close(): Promise<void>;
}

interface AgentOptions {
  readonly times: WireTimes;
  readonly trust: () => Promise<Trust>;
  readonly socketPath: string | undefined;
}

function lazyAgent(options: AgentOptions): LazyAgent {
  let made: Agent | undefined;
  const { times } = options;
  const connect = lazyConnector(options);
  return {
    async get() {
      made ??= new Agent({
        connect,
        // A second version of the protocol would be a second set of bounds to prove.
        allowH2: false,
        connections: MOST_CONNECTIONS,
        maxOrigins: MOST_HOSTS,
        headersTimeout: times.head,
        bodyTimeout: times.idle,
      });
      return made;
    },
    close: async () => made?.destroy(),
  };
}

/** Reads the trust stores before the first TLS connection only, and once for all of them. */
function lazyConnector({ times, trust, socketPath }: AgentOptions): buildConnector.connector {
  const plain = buildConnector({ timeout: times.connect, allowH2: false, socketPath: socketPath ?? null });
  let secure: Promise<buildConnector.connector> | undefined;
  return (options, callback) => {
    if (options.protocol === 'http:') {
      plain(options, callback);
      return;
    }
    secure ??= secureConnector(times, trust);
    secure.then(
      (connect) => connect(options, callback),
      (error: Error) => callback(error, null),
    );
  };
}

async function secureConnector(
  times: WireTimes,
  trust: () => Promise<Trust>,
): Promise<buildConnector.connector> {
  const trusted = await trust();
  const { client } = trusted;
  const identity = client === undefined ? {} : { cert: client.certificate, key: client.key };
  const secureContext = createSecureContext({ ca: allAuthorities(trusted), ...identity });
  return buildConnector({ timeout: times.connect, allowH2: false, secureContext });
}
