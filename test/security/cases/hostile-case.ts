/** One hostile (or odd, but good) request, and what has to become of it. */
export interface HostileCase {
  /** Unique: where it comes from. */
  readonly id: string;
  /** What is odd about it, where the id does not say so. */
  readonly about?: string;
  /**
   * The bytes, one character each; pieces are sent apart. `@AUTH@` stands for a line with valid credentials; in the
   * second run, that of a stranger, for nothing.
   */
  readonly bytes: string | readonly string[];
  readonly expected: Expected;
  /** Close the sending half after the last byte. */
  readonly finish?: boolean;
}

export type Expected =
  /** The form is wrong: the same answer for everybody, the connection ends, nothing reaches the backend. */
  | { readonly kind: 'refused'; readonly statuses: readonly number[] }
  /** Closed, with or without an answer; nothing reaches the backend. */
  | { readonly kind: 'closed' }
  /** Well-formed, but not for the backend: this status for a user, 401 for a stranger. */
  | { readonly kind: 'denied'; readonly statuses: readonly number[] }
  /** The backend sees exactly this one request, with this body. A stranger gets 401. */
  | { readonly kind: 'forwarded'; readonly target: string; readonly body: string; readonly ends: boolean }
  /** The body is broken: the backend may see a beginning and never the whole. A stranger gets 401 or the same. */
  | { readonly kind: 'broken'; readonly statuses: readonly number[] }
  /** Answered by the gate itself, for everybody. */
  | { readonly kind: 'local'; readonly statuses: readonly number[] }
  /** Several requests: one answer each, and these targets at the backend. A stranger gets the second list. */
  | {
      readonly kind: 'sequence';
      readonly answers: readonly number[];
      readonly targets: readonly string[];
      readonly stranger: readonly number[];
    };

export const refused = (...statuses: number[]): Expected => ({ kind: 'refused', statuses });
export const closed: Expected = { kind: 'closed' };
export const denied = (...statuses: number[]): Expected => ({ kind: 'denied', statuses });
export const broken = (...statuses: number[]): Expected => ({ kind: 'broken', statuses });
export const local = (...statuses: number[]): Expected => ({ kind: 'local', statuses });
/** Forwarded, and the connection stays. */
export const forwarded = (target = '/v2/', body = ''): Expected => ({
  kind: 'forwarded',
  target,
  body,
  ends: false,
});
/** Forwarded, and the connection ends with the answer, as the client asked. */
export const forwardedLast = (target = '/v2/', body = ''): Expected => ({
  kind: 'forwarded',
  target,
  body,
  ends: true,
});

export const HOST = 'Host: localhost';
export const UPLOADS = '/v2/a/blobs/uploads/';

/** A request: its first line, credentials, its header lines (Host is one of them), its body. */
export function raw(line: string, fields: readonly string[], body = ''): string {
  return `${line}\r\n@AUTH@${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`;
}

export function get(target: string, ...fields: readonly string[]): string {
  return raw(`GET ${target} HTTP/1.1`, [HOST, ...fields]);
}

/** A GET of the base path with these fields. */
export function base(...fields: readonly string[]): string {
  return get('/v2/', ...fields);
}

/** The begin of an upload, with these fields and this body. */
export function post(fields: readonly string[], body = ''): string {
  return raw(`POST ${UPLOADS} HTTP/1.1`, [HOST, ...fields], body);
}

/** A chunked upload with this text as its body, chunk by chunk. */
export function chunked(text: string, ...fields: readonly string[]): string {
  return post(['Transfer-Encoding: chunked', ...fields], text);
}

/** A complete second request, of the kind that is hidden in a first one. */
export const SMUGGLED = 'GET /v2/smuggled/tags/list HTTP/1.1\r\nHost: localhost\r\n@AUTH@\r\n';
