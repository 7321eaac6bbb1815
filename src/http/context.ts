import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange, FailedLogin } from '../observe/exchange.ts';
import { ANONYMOUS, accountOf, type Principal } from '../auth/principal.ts';
import type { Problem } from '../oci/problem.ts';
import type { RegistryRequest } from '../oci/request/parse.ts';
import type { UploadSeal } from '../oci/request/sealed-upload.ts';
import { hash, randomBytes } from 'node:crypto';
import { plainAddress } from '../lib/network.ts';
import { sentField } from '../lib/node/sent-field.ts';
import { printable } from '../lib/printable.ts';
import { isDigest } from '../oci/request/route.ts';

/** What is known of one request. The stages fill it in, in their order; the Exchange is made from it at the end. */
export interface RequestContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly id: string;
  readonly startedAt: number;
  /** The address of the client, IPv4 in its own form also on a dual-stack socket. */
  readonly address: string;
  /** The host under which the client knows the gate, with its port if one was given. */
  readonly host: string;
  readonly method: string;
  /** The request target as the client wrote it. */
  readonly target: string;
  request: RegistryRequest | undefined;
  /** Anonymous until `authenticate` has verified what the client shows. */
  principal: Principal;
  /** What allowed the request, as the log names it. */
  rule: string | undefined;
  /** How this principal knows the sessions of the repository; only where the request is about uploads. */
  uploadSeal?: UploadSeal;
  /** The result of a requested mount. */
  mount: 'granted' | 'stripped' | undefined;
  /** How the layer cache answered. */
  cache: 'hit' | 'fill' | 'miss' | undefined;
  problem: Problem | undefined;
  /** The W3C trace context that the client sent. */
  readonly traceparent: string | undefined;
  failedLogin: FailedLogin | undefined;
  /** What the token service issued. */
  issued: 'access-token' | 'identity-token' | undefined;
  /** Whether a browser signed in to the pages, or out. */
  session: 'began' | 'ended' | undefined;
  received: number;
  sent: number;
  /** When the last chunk of the body arrived. */
  receivedAt: number | undefined;
}

const CONTEXT = Symbol('context');

/** The context is a property of the request: a WeakMap would cost a slot in every garbage collection. */
interface Known extends IncomingMessage {
  [CONTEXT]?: RequestContext;
}

/** Returns the context of a request that has passed `openExchange`. A pipelined request waits for its turn before that. */
export function findContext(req: IncomingMessage): RequestContext | undefined {
  const known: Known = req;
  return known[CONTEXT];
}

/** Returns the context of a request that has passed `openExchange`. Throws Error for any other request. */
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
  /** Returns the address of the client of a request. */
  readonly addressOf?: (req: IncomingMessage) => string;
  /** Returns the host under which the client knows the gate. */
  readonly hostOf?: (req: IncomingMessage) => string;
}

const LONGEST_LOGGED = 256;
/** The length of the hash that stands for an upload session. */
const SESSION_DIGITS = 12;

/** Starts the record of a request, and gives it to `observe` when the answer has ended, whether it is complete or not. */
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
      session: undefined,
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
    session: context.session,
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

/** An incomplete answer was either cut by the gate, for the reason in the context, or abandoned by the client. */
function outcomeOf(context: RequestContext, res: ServerResponse): Exchange['outcome'] {
  if (res.writableFinished) return 'complete';
  return context.problem === undefined ? 'client-left' : 'cut';
}

function traceparentOf({ headers }: IncomingMessage): string | undefined {
  const value = headers['traceparent'];
  return typeof value === 'string' ? value : undefined;
}

/** Only a plain path is ever logged: queries hold upload states, and absolute targets may hold passwords. */
function loggedPath(target: string): string | undefined {
  return target.startsWith('/') ? loggable(withoutSession(target.split('?', 1)[0] ?? '')) : undefined;
}

const SESSION = /^(.*\/blobs\/uploads?\/)(.+)$/s;

/** A reader of the log must not be able to continue an upload: the session is replaced by a hash, the same in each of its lines. */
function withoutSession(path: string): string {
  if (!path.includes('/blobs/upload')) return path;
  return path.replace(
    SESSION,
    (_path, before: string, id: string) => `${before}~${hash('sha256', id).slice(0, SESSION_DIGITS)}`,
  );
}

/** Returns the text shortened, with `?` in place of unprintable characters. */
function loggable(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printable(text.slice(0, LONGEST_LOGGED));
}
