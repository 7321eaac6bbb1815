/** What fails of a connection beside what the system and TLS say. */
type WireCode =
  | 'ETIMEDOUT'
  | 'ERR_ANSWER_LATE'
  | 'ERR_ANSWER_STALLED'
  | 'ERR_ANSWER_MALFORMED'
  | 'ERR_ANSWER_UNMEASURED'
  | 'ERR_FIELD_INVALID'
  | 'ERR_BODY_LENGTH'
  | 'ERR_TOO_MANY_HOSTS';

/** A failed connection, with a code as errors of the system have one. */
export class WireError extends Error {
  readonly code: WireCode;

  constructor(code: WireCode, message: string) {
    super(message);
    this.code = code;
  }
}
