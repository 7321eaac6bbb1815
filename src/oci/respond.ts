import type { ServerResponse } from 'node:http';
import { shutIn } from '../lib/http1/answer-head.ts';

/** An answer that is written in one go. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** The media type of the body. */
  readonly type: string;
  readonly body: string | Buffer;
  /** Whether it never changes, so that the client may keep it. Any other answer is not to be stored. */
  readonly isImmutable?: boolean;
  /** Whether it is an answer of the registry API, which names the version of that API. */
  readonly isRegistry?: boolean;
  /** Whether the connection ends with the answer. */
  readonly close?: boolean;
}

/** The fields of every answer about the registry (distribution-spec v1.1 "Legacy Docker support HTTP headers"). */
const API_VERSION = { 'Docker-Distribution-Api-Version': 'registry/2.0' } as const;
/** Keeps a browser from taking an answer for something else than its media type says. */
const NO_SNIFFING = { 'X-Content-Type-Options': 'nosniff' } as const;

/** RFC 8246: a year, without asking again. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The header fields of an answer, in the order in which they are written. */
function fieldsOf({
  headers,
  type,
  body,
  isRegistry,
  isImmutable,
  close,
}: Answer): Record<string, string | number | string[]> {
  return {
    ...headers,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': isImmutable === true ? FOR_EVER : 'no-store',
    ...(isRegistry === true ? API_VERSION : {}),
    ...NO_SNIFFING,
    ...(close === true ? { Connection: 'close' } : {}),
  };
}

/**
 * Writes an answer, to HEAD without its body, and returns the bytes of the body that were written. To HEAD and GET the
 * same fields are sent (RFC 9110 section 9.3.2).
 *
 *     respond(res, { status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' });
 */
export function respond(res: ServerResponse, answer: Answer): number {
  const fields = fieldsOf(answer);
  res.writeHead(answer.status, fields);
  if (res.req.method === 'HEAD') {
    res.end();
    return 0;
  }
  res.end(answer.body);
  return Number(fields['Content-Length']);
}

/**
 * Writes an answer piece by piece, each when the connection has taken the one before it. `onSent` is told of the bytes of
 * each. It ends when all is written, or when the client has gone.
 */
export function respondInPieces(
  res: ServerResponse,
  answer: Answer,
  pieceBytes: number,
  onSent: (bytes: number) => void,
): void {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  res.writeHead(answer.status, fieldsOf({ ...answer, body }));
  const writeFrom = (at: number): void => {
    if (res.destroyed) return;
    const piece = body.subarray(at, at + pieceBytes);
    onSent(piece.length);
    if (at + pieceBytes >= body.length) res.end(piece);
    else res.write(piece, (error) => error ?? writeFrom(at + pieceBytes));
  };
  writeFrom(0);
}

/** Writes an answer that has no body and no field that would describe one. */
export function respondEmpty(
  res: ServerResponse,
  status: 204,
  headers: Readonly<Record<string, string>>,
): void {
  res.writeHead(status, headers).end();
}

/** The bytes of an answer for a connection on which Node offers no response. `reason` is the status in words. */
export function renderAnswer(answer: Answer, reason: string): string {
  const fields = Object.entries(fieldsOf(answer)).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${answer.status} ${reason}`, ...fields, '', answer.body].join('\r\n');
}

/**
 * Writes the head of a registry answer whose body follows. `length` is the number of its bytes, undefined where no
 * `Content-Length` may stand or where `headers` has it.
 */
export function writeRegistryHead(
  res: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | readonly string[]>>,
  length: number | undefined,
): void {
  const head: Record<string, string | string[]> = { ...API_VERSION, ...NO_SNIFFING };
  const type = headers['Content-Type'];
  if (typeof type === 'string') Object.assign(head, shutIn(type));
  if (length !== undefined) head['Content-Length'] = String(length);
  for (const [name, value] of Object.entries(headers)) {
    head[name] = typeof value === 'string' ? value : [...value];
  }
  res.writeHead(status, head);
}
