import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { AppError } from '../../lib/errors.ts';
import type { Secret } from '../../lib/secret.ts';

type TlsProfile = 'intermediate' | 'modern';

/** The certificate with its chain, and its key, as PEM. */
interface Identity {
  readonly cert: string;
  readonly key: Secret<string>;
}

/** Mozilla Server Side TLS, guideline 6.0: AEAD with forward secrecy only. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

const CURVES = 'X25519:prime256v1:secp384r1';
const HYBRID_CURVES = `X25519MLKEM768:${CURVES}`;

/** Returns the options of a TLS server. ALPN offers HTTP/1.1 only. */
export function tlsOptions(identity: Identity, profile: TlsProfile, handshakeMs: number): TlsOptions {
  return {
    ...contextOptions(identity, profile),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: handshakeMs,
  };
}

/** Returns the options that change with the certificate, for `setSecureContext`. Throws AppError CERT_INVALID if OpenSSL refuses the pair. */
export function contextOptions({ cert, key }: Identity, profile: TlsProfile): SecureContextOptions {
  const options: SecureContextOptions = {
    cert,
    key: key.reveal(),
    minVersion: profile === 'modern' ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: CIPHERS,
    ecdhCurve: HYBRID_CURVES,
    // All of the suites are good, and the client knows best for which of them its hardware is fast.
    honorCipherOrder: false,
    // Node derives its own from the command line, which differs among workers: a session could not be resumed at
    // another worker.
    sessionIdContext: 'registry-gate',
  };
  return accepted(options) ?? verified({ ...options, ecdhCurve: CURVES });
}

/** OpenSSL before 3.5 does not know the hybrid group and refuses the whole list. */
function accepted(options: SecureContextOptions): SecureContextOptions | undefined {
  try {
    createSecureContext(options);
    return options;
  } catch {
    return undefined;
  }
}

function verified(options: SecureContextOptions): SecureContextOptions {
  try {
    createSecureContext(options);
    return options;
  } catch (error) {
    throw new AppError('CERT_INVALID', {
      message: 'OpenSSL refuses this certificate and key.',
      hint: 'Make a new pair: registry-gate certs renew --force',
      cause: error,
    });
  }
}
