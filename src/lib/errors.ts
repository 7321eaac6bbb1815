/** The codes of the errors that a user can meet. docs/errors.md describes each; a test keeps the two equal. */
export type ErrorCode =
  | 'ACCESS_INVALID'
  | 'ARCHIVE_INVALID'
  | 'BACKEND_UNREACHABLE'
  | 'BLOB_MISSING'
  | 'CERT_INVALID'
  | 'CERT_MISSING'
  | 'CLOCK_WRONG'
  | 'CONFIG_INVALID'
  | 'DIGEST_MISMATCH'
  | 'FILE_BUSY'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'GATE_UNREACHABLE'
  | 'GATE_UNREADY'
  | 'HOST_INVALID'
  | 'HTPASSWD_INVALID'
  | 'HTPASSWD_MISSING'
  | 'IMAGE_FILE_UNREADABLE'
  | 'IMAGE_INVALID'
  | 'IMAGE_NAME_INVALID'
  | 'IMAGE_UNKNOWN'
  | 'INTERRUPTED'
  | 'LISTEN_FAILED'
  | 'LOCK_TIMEOUT'
  | 'NODE_UNSUPPORTED'
  | 'PASSWORD_INVALID'
  | 'REGISTRY_REFUSED'
  | 'REGISTRY_UNREACHABLE'
  | 'SIGN_IN_FAILED'
  | 'STATE_INVALID'
  | 'TOKEN_INVALID'
  | 'TOKEN_LIMIT'
  | 'TOKEN_UNKNOWN'
  | 'TRUST_FAILED'
  | 'USAGE'
  | 'USER_EXISTS'
  | 'USER_INVALID'
  | 'USER_UNKNOWN';

interface AppErrorOptions {
  /** What happened and why, in one or two sentences, without secrets. */
  readonly message: string;
  /** What to type or change next. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** A mistake or a circumstance that the user can do something about. Any other error is a bug of the program. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, { message, hint, cause }: AppErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = hint;
  }
}

/** Returns the `code` of a Node.js system error (`ENOENT`), or undefined for any other value. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
