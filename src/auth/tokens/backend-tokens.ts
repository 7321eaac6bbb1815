import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { createExpiringMap } from '../../lib/expiring-map.ts';
import { renderScopes } from '../../oci/request/scope.ts';
import type { Access } from '../../oci/request/scope.ts';
import { signToken } from './sign-token.ts';

export interface BackendTokensOptions {
  /** PEM: the key that belongs to the certificate, ECDSA P-256. */
  readonly key: string;
  /** PEM: the certificate that stands in the registry's `rootcertbundle`. */
  readonly certificate: string;
  /** The registry's `issuer`. */
  readonly issuer: string;
  /** The registry's `service`. */
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Tokens by which the gate proves itself to a registry that checks tokens too. No client ever sees one. */
export interface BackendTokens {
  /** The value of `Authorization` for one request: `name` (the registry's logs and notifications show it) may do this. */
  authorization(name: string, access: readonly Access[]): string;
}

const LIFETIME_SECONDS = 300;
/** The registry looks at a token when a request begins; one that is used again has this much of its life left. */
const REUSED_MS = 120_000;
const BACK_DATED_SECONDS = 30;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Signs for the backend: ES256 with the certificate in `x5c` and one string as `aud`, the form that distribution 2.8
 * and 3 both read. Throws AppError CERT_INVALID for a pair that can't.
 */
export function createBackendTokens(options: BackendTokensOptions): BackendTokens {
  const { issuer, service, now } = options;
  const { key, chain } = readPair(options);
  const signed = createExpiringMap<string>({ maxBytes: MAX_BYTES, ttl: REUSED_MS, now });
  return {
    authorization: (name, access) => {
      const id = JSON.stringify([name, renderScopes(access)]);
      const before = signed.get(id);
      if (before !== undefined) return before;
      const seconds = Math.floor(now() / 1000);
      const claims = {
        iss: issuer,
        sub: name,
        aud: service,
        iat: seconds,
        nbf: seconds - BACK_DATED_SECONDS,
        exp: seconds + LIFETIME_SECONDS,
        jti: randomBytes(12).toString('base64url'),
        access,
      };
      const token = signToken({ x5c: chain }, claims, key);
      const value = `Bearer ${token}`;
      signed.set(id, value);
      return value;
    },
  };
}

function readPair({ key, certificate }: BackendTokensOptions) {
  try {
    const leaf = new X509Certificate(certificate);
    const privateKey = createPrivateKey(key);
    if (privateKey.asymmetricKeyDetails?.namedCurve === 'prime256v1' && leaf.checkPrivateKey(privateKey)) {
      return { key: privateKey, chain: [leaf.raw.toString('base64')] };
    }
  } catch {
    // Said below, in words that hold nothing of the key.
  }
  throw new AppError('CERT_INVALID', {
    message: 'The key and the certificate that sign tokens for the backend are no ECDSA P-256 pair.',
    hint: 'Make them anew: registry-gate tokens certificate',
  });
}
