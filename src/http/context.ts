import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange, FailedLogin } from '../observe/exchange.ts';
import { ANONYMOUS, accountOf } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import type { Problem } from '../oci/problem.ts';
import type { RegistryRequest } from '../oci/request/parse.ts';
import type { UploadSeal } from '../oci/request/sealed-upload.ts';
import { hash, randomBytes } from 'node:crypto';
import { plainAddress } from '../lib/network.ts';
import { sentField } from '../lib/node/sent-field.ts';
import { printable } from '../lib/printable.ts';
import { isDigest } from '../oci/request/route.ts';

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
  /** Anonymous until `authenticate` has verified what the client shows. */
  principal: Principal;
  /** What allowed it, as the log calls it. */
  rule: string | undefined;
  /** How this principal knows the sessions of the repository; only where the request is about uploads. */
  uploadSeal?: UploadSeal;
  /** What became of a mount that was asked for. */
  mount: 'granted' | 'stripped' | undefined;
  /** What the layer cache did for it. */
  cache: 'hit' | 'fill' | 'miss' | undefined;
  problem: Problem | undefined;
  /** The W3C trace context that the client claims. */
  readonly traceparent: string | undefined;
  failedLogin: FailedLogin | undefined;
  /** What the token service gave out. */
  issued: 'access-token' | 'identity-token' | undefined;
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

export interface OpenExchangeOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly observe: (exchange: Exchange) => void;
  /** Whether the exchanges name the digests of manifests, for an audit log. */
  readonly isAudited?: boolean;
  /** Whose request it is. */
  readonly addressOf?: (req: IncomingMessage) => string;
  /** The host under which the client knows the gate. */
  readonly hostOf?: (req: IncomingMessage) => string;
}

const LONGEST_LOGGED = 256;
/** Of the hash that stands for an upload session. */
const SESSION_DIGITS = 12;

/** Begins the record of a request, and hands it over when the answer has ended, however it ended. */
export function createOpenExchange({
  now,
  observe,
  isAudited = false,
  addressOf = peerOf,
  hostOf = ownHost,
}: OpenExchangeOptions): (req: IncomingMessage, res: ServerResponse) => RequestContext {
  const prefix = randomBytes(4).toString('hex');
  let serial = 0;
  return function openExchange(req, res) {
    serial += 1;
    const context: RequestContext = {
      req,
      res,
      id: `${prefix}-${serial.toString(36)}`,
      startedAt: now(),
      address: addressOf(req),
      host: hostOf(req),
      method: req.method ?? '',
      target: req.url ?? '',
      request: undefined,
      principal: ANONYMOUS,
      rule: undefined,
      mount: undefined,
      cache: undefined,
      problem: undefined,
      failedLogin: undefined,
      issued: undefined,
      traceparent: traceparentOf(req),
      received: 0,
      sent: 0,
      receivedAt: undefined,
    };
    const known: Known = req;
    known[CONTEXT] = context;
    res.on('close', () => observe(toExchange(context, now(), isAudited)));
    return context;
  };
}

function ownHost({ headers }: IncomingMessage): string {
  return headers.host ?? '';
}

function peerOf(req: IncomingMessage): string {
  return plainAddress(req.socket.remoteAddress);
}

function toExchange(context: RequestContext, at: number, isAudited: boolean): Exchange {
  const { req, res } = context;
  return {
    id: context.id,
    address: context.address,
    method: context.method,
    path: loggedPath(context.target),
    userAgent: loggable(req.headers['user-agent']),
    request: context.request,
    user: accountOf(context.principal) || undefined,
    signedInBy: context.principal.proof,
    rule: context.rule,
    mount: context.mount,
    cache: context.cache,
    status: res.headersSent ? res.statusCode : 0,
    problem: context.problem && { code: context.problem.code, reason: context.problem.message },
    digest: isAudited ? manifestDigest(context) : undefined,
    issued: context.issued,
    failedLogin: context.failedLogin,
    traceparent: context.traceparent,
    received: context.received,
    sent: context.sent,
    milliseconds: at - context.startedAt,
    millisecondsSinceBody: req.complete ? at - (context.receivedAt ?? context.startedAt) : undefined,
    outcome: outcomeOf(context, res),
  };
}

/** The manifest that a tag stands for is named in the head of the answer alone. */
function manifestDigest({ request, res }: RequestContext): string | undefined {
  const digest = request?.route.kind === 'manifest' ? sentField(res, 'docker-content-digest') : undefined;
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}

/** An answer that did not end was either broken off by us, for a reason that the context names, or left by the client. */
function outcomeOf(context: RequestContext, res: ServerResponse): Exchange['outcome'] {
  if (res.writableFinished) return 'complete';
  return context.problem === undefined ? 'client-left' : 'cut';
}

function traceparentOf({ headers }: IncomingMessage): string | undefined {
  const value = headers['traceparent'];
  return typeof value === 'string' ? value : undefined;
}

/** Queries hold upload states and absolute targets hold passwords: only a plain path is ever logged. */
function loggedPath(target: string): string | undefined {
  return target.startsWith('/') ? loggable(withoutSession(target.split('?', 1)[0] ?? '')) : undefined;
}

const SESSION = /^(.*\/blobs\/uploads?\/)(.+)$/s;

/** Who reads the log may not go on with an upload: its session is named by a hash, the same in each of its lines. */
function withoutSession(path: string): string {
  if (!path.includes('/blobs/upload')) return path;
  return path.replace(
    SESSION,
    (_path, before: string, id: string) => `${before}~${hash('sha256', id).slice(0, SESSION_DIGITS)}`,
  );
}

/** Short, and without what a terminal would obey or a reader take for the end of a line. */
function loggable(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printable(text.slice(0, LONGEST_LOGGED));
}
