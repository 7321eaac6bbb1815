import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Problem } from '../../oci/problem.ts';
import { writeRegistryHead } from '../../oci/respond.ts';
import type { Digest } from '../../oci/digest.ts';

/** A part of an open file. The sender closes it. */
export interface FilePart {
  readonly file: Pick<FileHandle, 'fd' | 'close'>;
  readonly start: number;
  readonly length: number;
  /** Set while the file is still being written. */
  readonly growth?: Growth | undefined;
}

/** Several parts of an open file, each with a head before it, and a tail after the last. The sender closes the file. */
export interface FileParts {
  readonly file: FilePart['file'];
  readonly parts: readonly { readonly head: Buffer; readonly start: number; readonly length: number }[];
  readonly tail: Buffer;
  /** Bytes of all parts, heads and the tail. */
  readonly length: number;
  readonly growth?: Growth | undefined;
}

/** The progress of a file that is still being written. */
export interface Growth {
  /** Bytes that can be read, from its beginning. */
  readonly ready: number;
  /** Calls back once: when there are more bytes, or with the reason why there will be none. */
  next(callback: (error?: Error) => void): void;
}

/** An answer as a value. `Content-Length` is set from the body; an answer to HEAD states its own. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Buffer | FilePart | FileParts;
}

/** The result of a handler: an answer, a problem, or undefined if the client has disconnected. */
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

/** A JSON answer with a line end, as distribution writes it. */
export function jsonReply(value: object, headers: Readonly<Record<string, string>> = {}): Reply {
  return jsonTextReply(JSON.stringify(value), headers);
}

/** A JSON answer from text that is already JSON. */
export function jsonTextReply(text: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}

/** Writes the head of a reply. */
export function writeHead(res: ServerResponse, { status, headers, body }: Reply): void {
  const isBare = body === undefined && (status === 204 || status === 304);
  writeRegistryHead(res, status, headers, isBare ? undefined : (body?.length ?? 0));
}

/** Returns the entity tag of a digest, as distribution writes it. */
export function etagOf({ text }: Digest): string {
  return `"${text}"`;
}

/** Reports whether a condition holds the entity tag of this content. */
export function matches(condition: string | undefined, digest: Digest): boolean {
  if (condition === undefined) return false;
  const tags = condition.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etagOf(digest)) || tags.includes(digest.text);
}
