import { systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import type { AnswerFault } from '../../lib/http1/answer-head.ts';
import type { Backend } from './backend.ts';
import { AnswerError } from './conversation.ts';

/** Why the registry did not answer: `reason` may be shown to anybody, `cure` is for the operator. */
export interface Failure {
  /** A few words without an address: `connection refused`. */
  readonly reason: string;
  /** What to look at, with the option that sets it. */
  readonly cure?: string;
}

const TRUST = 'name the CA that signed it with --backend-ca FILE';
const UNTRUSTED: Failure = { reason: 'its certificate is not trusted', cure: TRUST };
const PLAIN: Failure = {
  reason: 'it answers in plain HTTP where TLS was expected',
  cure: 'set --backend to http://..., or let the registry serve TLS',
};
const UNKNOWN_NAME: Failure = {
  reason: 'its host name is not known',
  cure: 'look at the host in --backend, and at the DNS of this machine or container',
};
const SLOW: Failure = {
  reason: 'no answer in time',
  cure: 'look whether --backend names the right host and port, and whether a firewall drops the packets',
};
const CLOSED: Failure = {
  reason: 'it closed the connection',
  cure: 'see its log; a server that expects TLS does this too, then set --backend to https://...',
};

/** System errors and errors of OpenSSL (crypto.X509 verification codes of Node.js), in words. */
const BY_CODE: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: {
    reason: 'connection refused',
    cure: 'start the registry, or set --backend to where it listens',
  },
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  EHOSTUNREACH: { reason: 'no route to it', cure: 'look at the host in --backend and at the network' },
  ENETUNREACH: { reason: 'no route to it', cure: 'look at the host in --backend and at the network' },
  ENOTFOUND: UNKNOWN_NAME,
  EAI_AGAIN: UNKNOWN_NAME,
  ETIMEDOUT: SLOW,
  ENOENT: {
    reason: 'its socket does not exist',
    cure: 'start the registry, or correct the path in --backend',
  },
  EACCES: {
    reason: 'its socket may not be opened',
    cure: 'let the user that the gate runs as write to the socket in --backend',
  },
  EMFILE: {
    reason: 'this process has no file descriptors left',
    cure: 'raise ulimit -n (LimitNOFILE), or lower limits.connections',
  },
  EPROTO: PLAIN,
  ERR_SSL_WRONG_VERSION_NUMBER: PLAIN,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: PLAIN,
  ERR_SSL_UNSUPPORTED_PROTOCOL: {
    reason: 'it speaks no version of TLS that is still safe',
    cure: 'let the registry serve TLS 1.2 or 1.3',
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_HAS_EXPIRED: { reason: 'its certificate has expired', cure: 'renew the certificate of the registry' },
  CERT_NOT_YET_VALID: {
    reason: 'its certificate is not valid yet',
    cure: 'look at the clock of this machine',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: 'its certificate is for another name',
    cure: 'write in --backend a name that the certificate holds',
  },
};

/** Explains why a request to the registry failed. */
export function explainFailure(error: unknown): Failure {
  if (error instanceof AnswerError) return explainFault(error.fault);
  const code = systemCode(error);
  return (code === undefined ? undefined : BY_CODE[code]) ?? { reason: code ?? 'no answer' };
}

function explainFault({ kind, reason }: AnswerFault): Failure {
  return kind === 'expects-tls'
    ? { reason: 'it speaks TLS, and was asked in plain HTTP', cure: 'set --backend to https://...' }
    : { reason: `it sent ${reason}`, cure: 'look whether --backend names a registry' };
}

/** Logs why the registry did not answer the request with this id. */
export type ReportFailure = (id: string, error: Error) => void;

/** Every line names the registry as `--backend` does, without credentials, and what to look at. */
export function reportFailures({ url }: Pick<Backend, 'url'>, logger: Logger): ReportFailure {
  return (id, error) => {
    const { reason, cure } = explainFailure(error);
    // The reason of a fault says all that its error would.
    const code = error instanceof AnswerError ? {} : { error: systemCode(error) ?? error.name };
    logger.warn({ id, backend: url, ...code, reason, cure }, 'the backend failed');
  };
}
