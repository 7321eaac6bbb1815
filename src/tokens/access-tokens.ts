import { hash, randomBytes } from 'node:crypto';
import type { CompactJWSHeaderParameters, JWTPayload } from 'jose';
import { createExpiringMap } from '../lib/expiring-map.ts';
import type { Access } from '../registry/scope.ts';
import { credentialId, holderName, parseHolder } from './holder.ts';
import type { Holder } from './holder.ts';
import type { KeyRing, SigningKey } from './key-ring.ts';
import { signToken } from './sign-token.ts';
import { isListOf, isRecord, isText } from './state-file.ts';

export interface AccessTokensOptions {
  readonly keys: KeyRing;
  /** The `iss` claim. */
  readonly issuer: string;
  /** The `aud` claim: the service that the challenge names. */
  readonly service: string;
  /** From 300 to 3600. A client checks and uses a token for as long as it pleases; here it counts when a request begins. */
  readonly lifetimeSeconds?: number;
  /** The credential behind a holder at this moment, as a text that changes with it; undefined once it is gone. */
  readonly credentialOf: (holder: Holder) => string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How many verified tokens are remembered at most. */
  readonly cacheSize?: number;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresIn: number;
  readonly issuedAt: Date;
}

/** What a token says that is in order. Rights are decided per request, from the holder; `access` is what was asked for and granted. */
export interface VerifiedToken {
  readonly holder: Holder;
  readonly access: readonly Access[];
}

export interface AccessTokens {
  /** A new token; undefined where the credential of the holder is gone. */
  issue(holder: Holder, access: readonly Access[]): Promise<IssuedToken | undefined>;
  /** What `verify` would say, where the same token was given out or verified a short while ago. Answers at once. */
  remembered(token: string): VerifiedToken | undefined;
  /** Who holds this token; undefined for one that is foreign, damaged, over, or whose credential is gone. Never rejects. */
  verify(token: string): Promise<VerifiedToken | undefined>;
}

interface Claims extends VerifiedToken {
  readonly fingerprint: string;
  /** The name of the key that signed. */
  readonly kid: string;
  /** Milliseconds since 1970. */
  readonly ends: number;
}

interface Known extends Claims {
  /** The credential as it was when the token was verified. */
  readonly credential: string;
}

export const DEFAULT_LIFETIME_SECONDS = 3600;
const ALGORITHM = 'ES256';
/** For clocks of two gates that differ. */
const LEEWAY_SECONDS = 30;
const LONGEST_TOKEN = 8192;
/** Base64url without padding and stray bits (RFC 7515 section 2), and 64 bytes of signature: more than jose asks for. */
const FORM = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;

/** Gives out and checks access tokens: JWT (RFC 7519), ES256, with the claims that distribution's registry reads. */
export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const { keys, credentialOf, now, cacheSize = 10_000 } = options;
  const { lifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = options;
  const ttl = (lifetimeSeconds + LEEWAY_SECONDS) * 1000;
  const known = createExpiringMap<string, Known>({ maxSize: cacheSize, ttl, now });
  const check = createClaimsCheck({ ...options, lifetimeSeconds });

  const remembered = (token: string): Known | undefined => {
    if (known.size === 0 || !isWellFormed(token)) return undefined;
    const key = cacheKey(token);
    const found = known.get(key);
    if (found === undefined) return undefined;
    // A key that was taken out of the ring takes its tokens with it, those that were seen before too.
    const isGood = found.ends > now() && keys.verifier(found.kid) !== undefined;
    if (isGood && credentialOf(found.holder) === found.credential) return found;
    known.delete(key);
    return undefined;
  };

  return {
    remembered,
    issue: async (holder, access) => {
      const credential = credentialOf(holder);
      if (credential === undefined) return undefined;
      const issuedAt = new Date(now());
      // The first key may be made by this, and what fingerprints depend on with it.
      const signing = await keys.signer();
      const claims = { holder, access, fingerprint: keys.fingerprint(credential), kid: signing.kid };
      const settings = { ...options, lifetimeSeconds };
      const whole = sign(claims, signing, settings);
      // No header holds more. Rights are decided at each request, whether they stand in the token or not.
      const token =
        whole.length <= LONGEST_TOKEN ? whole : sign({ ...claims, access: [] }, signing, settings);
      const ends = (secondsOf(issuedAt.getTime()) + lifetimeSeconds + LEEWAY_SECONDS) * 1000;
      known.set(cacheKey(token), { ...claims, ends, credential });
      return { token, expiresIn: lifetimeSeconds, issuedAt };
    },
    verify: async (token) => {
      const before = remembered(token);
      if (before !== undefined) return before;
      const claims = isWellFormed(token) ? await check(token) : undefined;
      const credential = claims === undefined ? undefined : credentialOf(claims.holder);
      if (claims === undefined || credential === undefined) return undefined;
      if (keys.fingerprint(credential) !== claims.fingerprint) return undefined;
      known.set(cacheKey(token), { ...claims, credential });
      return claims;
    },
  };
}

type Settled = Required<Pick<AccessTokensOptions, 'keys' | 'issuer' | 'service' | 'lifetimeSeconds' | 'now'>>;

function sign(claims: Omit<Claims, 'ends' | 'kid'>, { kid, key }: SigningKey, settings: Settled): string {
  const { issuer, service, lifetimeSeconds, now } = settings;
  const issuedAt = secondsOf(now());
  const id = credentialId(claims.holder);
  return signToken(
    { kid },
    {
      iss: issuer,
      sub: holderName(claims.holder),
      aud: service,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + lifetimeSeconds,
      jti: randomBytes(12).toString('base64url'),
      access: claims.access,
      fp: claims.fingerprint,
      ...(id === undefined ? {} : { cid: id }),
    },
    key,
  );
}

/**
 * The key comes from the ring and from nowhere else: `jwk`, `jku`, `x5u` and `x5c` of the header are not looked at, and
 * `kid` is only the name under which the ring is asked.
 */
function createClaimsCheck(settings: Settled): (token: string) => Promise<Claims | undefined> {
  const { keys, issuer, service, lifetimeSeconds, now } = settings;
  // Loaded with the first token: most gates never see one.
  const load = () => import('jose');
  let library: ReturnType<typeof load> | undefined;
  return async (token) => {
    const { errors, jwtVerify } = await (library ??= load());
    const keyOf = ({ kid }: Partial<CompactJWSHeaderParameters>) => {
      const key = isText(kid) ? keys.verifier(kid) : undefined;
      if (key === undefined) throw new errors.JWKSNoMatchingKey();
      return key;
    };
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
        algorithms: [ALGORITHM],
        typ: 'JWT',
        issuer,
        audience: service,
        requiredClaims: ['sub', 'exp', 'nbf', 'iat', 'jti', 'access', 'fp'],
        clockTolerance: LEEWAY_SECONDS,
        maxTokenAge: lifetimeSeconds,
        currentDate: new Date(now()),
      });
      return readClaims(payload, protectedHeader.kid);
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  };
}

function readClaims({ sub, exp, access, fp, cid }: JWTPayload, kid: string | undefined): Claims | undefined {
  if (!isText(sub) || !isText(kid) || exp === undefined || !isText(fp) || !isListOf(isAccess, access))
    return undefined;
  if (cid !== undefined && !isText(cid)) return undefined;
  const holder = parseHolder(sub, cid);
  return holder && { holder, access, fingerprint: fp, kid, ends: (exp + LEEWAY_SECONDS) * 1000 };
}

function isAccess(value: unknown): value is Access {
  return (
    isRecord(value) && isText(value['type']) && isText(value['name']) && isListOf(isText, value['actions'])
  );
}

function isWellFormed(token: string): boolean {
  return token.length <= LONGEST_TOKEN && FORM.test(token);
}

function secondsOf(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

function cacheKey(token: string): string {
  return hash('sha256', token, 'base64');
}
