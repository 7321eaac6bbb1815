import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Problem } from '../../oci/problem.ts';

/** A part of an open file, which whoever sends it closes. */
export interface FilePart {
  readonly file: Pick<FileHandle, 'fd' | 'close'>;
  readonly start: number;
  readonly length: number;
  /** Where the file is still being written. */
  readonly growth?: Growth | undefined;
}

/** Several parts of an open file, each with a head before it, and what follows the last. Whoever sends it closes the file. */
export interface FileParts {
  readonly file: FilePart['file'];
  readonly parts: readonly { readonly head: Buffer; readonly start: number; readonly length: number }[];
  readonly tail: Buffer;
  /** Bytes of all that. */
  readonly length: number;
  readonly growth?: Growth | undefined;
}

/** How far a file has come that is still being written. */
export interface Growth {
  /** Bytes from its beginning that can be read. */
  readonly ready: number;
  /** Calls back once: when there are more, or with the reason why there will be none. */
  next(callback: (error?: Error) => void): void;
}

/** An answer as a value. `Content-Length` is made from the body; an answer to HEAD says its own. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer | FilePart | FileParts;
}

/** What a handler comes to: an answer, a refusal, or nothing, for a client that has left. */
export type Outcome = Reply | Problem | undefined;

export function isProblem<T extends object>(outcome: T | Problem): outcome is Problem {
  return 'code' in outcome && 'message' in outcome;
}

export function isPart(body: Buffer | FilePart | FileParts): body is FilePart {
  return 'start' in body;
}

export function isParts(body: Buffer | FilePart | FileParts): body is FileParts {
  return 'parts' in body;
}

/** JSON as distribution writes it, with the line end. */
export function jsonReply(value: object, headers: Readonly<Record<string, string>> = {}): Reply {
  return jsonTextReply(JSON.stringify(value), headers);
}

/** JSON that was made already, as `jsonReply` sends it. */
export function jsonTextReply(text: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}

/** The head of a reply as it goes out. */
export function writeHead(res: ServerResponse, { status, headers, body }: Reply): void {
  const head: Record<string, string | string[]> = {
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'X-Content-Type-Options': 'nosniff',
  };
  if (body !== undefined) head['Content-Length'] = String(body.length);
  else if (status !== 204 && status !== 304) head['Content-Length'] = '0';
  for (const [name, value] of Object.entries(headers)) {
    head[name] = typeof value === 'string' ? value : [...value];
  }
  res.writeHead(status, head);
}
