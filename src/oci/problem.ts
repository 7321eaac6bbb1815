import type { Answer } from './respond.ts';

/**
 * Error codes of the registry API (distribution-spec v1.1 "Error Codes"; the rest from distribution's errcode registry)
 * with their default status.
 */
const PROBLEM_STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 413,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const;

export type ProblemCode = keyof typeof PROBLEM_STATUS;

/** An error that the gate answers itself. A value, not an exception. */
export interface Problem {
  readonly status: number;
  readonly code: ProblemCode;
  /** One sentence for the user of the client: docker prints it as it is. It echoes nothing of the request. */
  readonly message: string;
  /** Headers of the answer: Allow, Retry-After, WWW-Authenticate. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the connection must end after this answer: the request was not understood, or its body is not read. */
  readonly close: boolean;
}

interface ProblemOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly close?: boolean;
}

export function createProblem(code: ProblemCode, message: string, options: ProblemOptions = {}): Problem {
  const { status = PROBLEM_STATUS[code], headers = {}, close = false } = options;
  return { status, code, message, headers, close };
}

/** Returns the body of a problem: `{"errors":[{code, message, detail}]}` (distribution-spec "Error Codes"). */
export function renderProblem(problem: Problem, requestId: string): string {
  const error = { code: problem.code, message: problem.message, detail: { request: requestId } };
  return `${JSON.stringify({ errors: [error] })}\n`;
}

/** Returns the answer to a problem, without the headers of its own. */
export function problemAnswer(problem: Problem, requestId: string): Answer {
  return {
    status: problem.status,
    type: 'application/json; charset=utf-8',
    body: renderProblem(problem, requestId),
    isRegistry: true,
  };
}
