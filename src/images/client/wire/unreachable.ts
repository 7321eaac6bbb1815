import { AppError, systemCode } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';

interface Reason {
  readonly why: string;
  readonly hint: string;
}

const CHECK = 'Check its name and port, and that it runs: registry-gate images list REGISTRY';
const TRUST =
  'Trust its CA with --ca FILE, or on the whole machine with registry-gate certs trust, if you know whose it is.';

const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: { why: 'nothing listens there', hint: CHECK },
  ENOTFOUND: { why: 'its name is unknown (DNS)', hint: CHECK },
  EAI_AGAIN: {
    why: 'its name could not be looked up (DNS)',
    hint: 'Try again when the name server answers.',
  },
  EHOSTUNREACH: { why: 'there is no way to it', hint: CHECK },
  ENETUNREACH: { why: 'there is no way to it', hint: CHECK },
  ETIMEDOUT: { why: 'it does not answer in time', hint: CHECK },
  ERR_ANSWER_LATE: { why: 'it does not answer in time', hint: CHECK },
  ERR_ANSWER_STALLED: { why: 'its answer stalled', hint: CHECK },
  ERR_ANSWER_UNMEASURED: {
    why: 'its answer has neither a length nor chunks, so that half of it would pass for all',
    hint: 'Let the proxy in front of it answer in HTTP/1.1.',
  },
  CERT_HAS_EXPIRED: {
    why: 'its certificate has expired',
    hint: 'Renew it there (registry-gate certs init), or check the clock of this machine.',
  },
  CERT_NOT_YET_VALID: {
    why: 'its certificate is not valid yet',
    hint: 'Check the clocks of both machines.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    why: 'its certificate is for other names',
    hint: 'Use a name of the certificate, or add this one there: registry-gate certs init --host NAME',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: { why: 'its certificate is not trusted (it is self-signed)', hint: TRUST },
  SELF_SIGNED_CERT_IN_CHAIN: { why: 'its CA is not trusted', hint: TRUST },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { why: 'its CA is not trusted', hint: TRUST },
  UNABLE_TO_GET_ISSUER_CERT: { why: 'its CA is not trusted', hint: TRUST },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { why: 'its CA is not trusted', hint: TRUST },
  CERT_SIGNATURE_FAILURE: {
    why: 'the CA that is trusted is not the one that signed its certificate',
    hint: TRUST,
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    why: 'it speaks plain HTTP',
    hint: 'If the network is one that you trust, say so: --plain-http',
  },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: {
    why: 'it speaks plain HTTP',
    hint: 'If the network is one that you trust, say so: --plain-http',
  },
};

/** What may be different at the next attempt. */
const PASSING = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ERR_ANSWER_LATE',
  'ERR_ANSWER_STALLED',
  'ERR_ANSWER_MALFORMED',
]);

/** Makes the error of a connection that failed. An AppError stays what it is. */
export function unreachable(url: URL, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error) ?? '';
  const reason = REASONS[code];
  const words = error instanceof Error ? error.message : String(error);
  return new AppError('REGISTRY_UNREACHABLE', {
    message: `${url.host} can't be reached: ${reason?.why ?? printable(words.slice(0, 200))}${code === '' ? '' : ` (${code})`}.`,
    hint: reason?.hint ?? CHECK,
    cause: error,
  });
}

/** Whether a failed connection may work at the next attempt. `isKnown`: it worked before. */
export function isPassing(error: unknown, isKnown: boolean): boolean {
  if (!(error instanceof AppError) || error.code !== 'REGISTRY_UNREACHABLE') return false;
  const code = codeOf(error.cause) ?? '';
  // A registry that restarts refuses connections for a moment.
  return PASSING.has(code) || (isKnown && code === 'ECONNREFUSED');
}

/** The code of an error, or of the first of several: one for each address of a name. */
function codeOf(error: unknown): string | undefined {
  const code = systemCode(error);
  if (code !== undefined || !(error instanceof Error)) return code;
  return systemCode(error instanceof AggregateError ? error.errors[0] : error.cause);
}
