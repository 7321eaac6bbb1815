import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { createExpiringMap } from '../../lib/expiring-map.ts';
import { renderScopes, type Access } from '../../oci/request/scope.ts';
import { signToken } from './sign-token.ts';

interface BackendTokensOptions {
  /** The key of the certificate: PEM, ECDSA P-256. */
  readonly key: string;
  /** The certificate in the registry's `rootcertbundle`: PEM. */
  readonly certificate: string;
  /** The registry's `issuer`. */
  readonly issuer: string;
  /** The registry's `service`. */
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Tokens with which the gate authenticates to a registry that checks tokens. Clients never receive them. */
export interface BackendTokens {
  /** Returns the `Authorization` header of one request: it allows `name`, which the registry's logs and notifications show, this access. */
  authorization(name: string, access: readonly Access[]): string;
}

const LIFETIME_SECONDS = 300;
/** How long a token is reused. The registry checks it when a request begins, so it is then valid for long enough. */
const REUSED_MS = 120_000;
const BACK_DATED_SECONDS = 30;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Signs tokens for the backend: ES256 with the certificate in `x5c` and one string as `aud`, which distribution 2.8 and 3
 * both read. Throws AppError CERT_INVALID if key and certificate are no ECDSA P-256 pair.
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
    // The error below quotes nothing of the key.
  }
  throw new AppError('CERT_INVALID', {
    message: 'The key and the certificate that sign tokens for the backend are no ECDSA P-256 pair.',
    hint: 'Make them anew: registry-gate tokens certificate',
  });
}
