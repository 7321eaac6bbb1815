import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FailedLogin, SignedInBy } from '../observe/exchange.ts';
import type { Identity } from '../auth/principal.ts';
import type { Problem } from '../oci/problem.ts';
import type { RegistryRequest } from '../oci/request/request.ts';
import type { UploadSeal } from '../oci/request/sealed-upload.ts';

/** What is known of one request so far. Stages fill it in, left to right; the Exchange is made from it at the end. */
export interface RequestContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly id: string;
  readonly startedAt: number;
  /** Address of the peer, IPv4 in its own form also on a dual-stack socket. */
  readonly address: string;
  /** The host, with a port if one was named, under which the client knows the gate. */
  readonly host: string;
  readonly method: string;
  /** The request target as the client wrote it. */
  readonly target: string;
  request: RegistryRequest | undefined;
  /** Who asks: nobody, until they are known. */
  identity: Identity;
  /** What allowed it, as the log calls it. */
  rule: string | undefined;
  /** How this asker knows the sessions of the repository; only where the request is about uploads. */
  uploadSeal?: UploadSeal;
  /** What became of a mount that was asked for. */
  mount: 'granted' | 'stripped' | undefined;
  /** What the layer cache did for it. */
  cache: 'hit' | 'fill' | 'miss' | undefined;
  problem: Problem | undefined;
  /** The W3C trace context that the client claims. */
  readonly traceparent: string | undefined;
  failedLogin: FailedLogin | undefined;
  /** What they showed; undefined where the header says it. */
  signedInBy: SignedInBy | undefined;
  /** What the token service gave out. */
  issued: 'access-token' | 'identity-token' | undefined;
  /** The digest that the registry gave for a manifest. */
  digest: string | undefined;
  received: number;
  sent: number;
  /** When the last piece of the body came. */
  receivedAt: number | undefined;
}

const CONTEXT = Symbol('context');

/** On the request itself: a map aside costs a place in every collection of garbage. */
interface Known extends IncomingMessage {
  [CONTEXT]?: RequestContext;
}

export function setContext(context: RequestContext): void {
  const req: Known = context.req;
  req[CONTEXT] = context;
}

/** The context of a request, if it has passed `openExchange`: one that was sent ahead waits for its turn before that. */
export function findContext(req: IncomingMessage): RequestContext | undefined {
  const known: Known = req;
  return known[CONTEXT];
}

/** The context of a request that has passed `openExchange`. */
export function contextOf(req: IncomingMessage): RequestContext {
  const context = findContext(req);
  if (context === undefined) throw new Error('a stage ran before openExchange');
  return context;
}
