import { createSecureContext } from 'node:tls';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { AppError } from '../../lib/errors.ts';
import type { Secret } from '../../lib/secret.ts';

type TlsProfile = 'intermediate' | 'modern';

/** Certificate with its chain, and its key, as PEM. */
interface Identity {
  readonly cert: string;
  readonly key: Secret<string>;
}

/** Mozilla Server Side TLS, guideline 6.0: AEAD with forward secrecy and nothing else. */
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

/** What a listener is made with. ALPN offers HTTP/1.1 alone. */
export function tlsOptions(identity: Identity, profile: TlsProfile, handshakeMs: number): TlsOptions {
  return {
    ...contextOptions(identity, profile),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: handshakeMs,
  };
}

/** What changes with the certificate; fit for `setSecureContext`. Throws AppError CERT_INVALID where OpenSSL refuses the pair. */
export function contextOptions({ cert, key }: Identity, profile: TlsProfile): SecureContextOptions {
  const options: SecureContextOptions = {
    cert,
    key: key.reveal(),
    minVersion: profile === 'modern' ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: CIPHERS,
    ecdhCurve: HYBRID_CURVES,
    // All of the suites are good, so the client knows best which of them its hardware is fast at.
    honorCipherOrder: false,
    // Node makes one of the command line, in which workers differ: a session would end at the next worker.
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
