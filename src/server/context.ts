import type { IncomingMessage } from 'node:http';
import type { FailedLogin } from '../observe/exchange.ts';
import type { Identity } from '../policy/identity.ts';
import type { Problem } from '../registry/problem.ts';
import type { RegistryRequest } from '../registry/request.ts';

/** What is known of one request so far. Stages fill it in, left to right; the Exchange is made from it at the end. */
export interface RequestContext {
  readonly id: string;
  readonly startedAt: number;
  /** Address of the peer, IPv4 in its own form also on a dual-stack socket. */
  readonly address: string;
  readonly method: string;
  /** The request target as the client wrote it. */
  readonly target: string;
  request: RegistryRequest | undefined;
  /** Who asks: nobody, until they are known. */
  identity: Identity;
  /** What allowed it, as the log calls it. */
  rule: string | undefined;
  /** What became of a mount that was asked for. */
  mount: 'granted' | 'stripped' | undefined;
  problem: Problem | undefined;
  failedLogin: FailedLogin | undefined;
  received: number;
  sent: number;
  /** When the last piece of the body came. */
  receivedAt: number | undefined;
}

const contexts = new WeakMap<IncomingMessage, RequestContext>();

export function setContext(req: IncomingMessage, context: RequestContext): void {
  contexts.set(req, context);
}

/** The context of a request, if it has passed `openExchange`: one that was sent ahead waits for its turn before that. */
export function findContext(req: IncomingMessage): RequestContext | undefined {
  return contexts.get(req);
}

/** The context of a request that has passed `openExchange`. */
export function contextOf(req: IncomingMessage): RequestContext {
  const context = contexts.get(req);
  if (context === undefined) throw new Error('a stage ran before openExchange');
  return context;
}
