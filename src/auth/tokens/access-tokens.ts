import { hash, randomBytes } from 'node:crypto';
import type { CompactJWSHeaderParameters, JWTPayload } from 'jose';
import { createExpiringMap } from '../../lib/expiring-map.ts';
import { bytesOfText, ownText } from '../../lib/own-text.ts';
import type { Access } from '../../oci/request/scope.ts';
import { accountOf, type Principal } from '../principal.ts';
import type { Principals } from './principals.ts';
import { bytesOfAccess, ownAccess } from './token-access.ts';
import type { KeyRing, SigningKey } from './store/key-ring.ts';
import { signToken } from './sign-token.ts';
import { isListOf, isRecord, isText } from './store/state-file.ts';

interface AccessTokensOptions {
  readonly keys: KeyRing;
  /** The `iss` claim. */
  readonly issuer: string;
  /** The `aud` claim: the service that the challenge names. */
  readonly service: string;
  /** From 300 to 3600. The gate checks it when a request begins. */
  readonly lifetimeSeconds?: number;
  readonly principals: Pick<Principals, 'credentialOf' | 'ofClaims'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The most bytes of issued and verified tokens that are remembered. */
  readonly cacheBytes?: number;
}

interface IssuedToken {
  readonly token: string;
  readonly expiresIn: number;
  readonly issuedAt: Date;
  /** The access in the token: all that was granted, or as much as a header can hold. */
  readonly access: readonly Access[];
}

export interface AccessTokens {
  /** Issues a token; undefined if the credential of the principal is gone. */
  issue(principal: Principal, access: readonly Access[]): Promise<IssuedToken | undefined>;
  /** Returns the result of `verify` at once, if the same token was issued or verified recently. */
  remembered(token: string): Principal | undefined;
  /**
   * Returns the principal of a token, within the access that was granted; undefined if the token is foreign, damaged or
   * expired, or its credential is gone. Groups and scope of the principal are those of the time when the token was first
   * seen: `Principals.admit` brings them up to date. Never rejects.
   */
  verify(token: string): Promise<Principal | undefined>;
}

interface Claims {
  readonly principal: Principal;
  readonly fingerprint: string;
  /** The id of the signing key. */
  readonly kid: string;
  /** Milliseconds since 1970. */
  readonly ends: number;
}

interface Known extends Claims {
  /** The credential when the token was verified. */
  readonly credential: string;
}

const DEFAULT_LIFETIME_SECONDS = 3600;
const ALGORITHM = 'ES256';
/** Allows for the difference between the clocks of two gates. */
const LEEWAY_SECONDS = 30;
const LONGEST_TOKEN = 8192;
const CACHE_BYTES = 16 * 1024 * 1024;
/** A remembered token without its texts and its access. */
const KNOWN_BYTES = 256;
/** Base64url without padding and stray bits (RFC 7515 section 2), and 64 bytes of signature. jose is less strict. */
const FORM = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;

/** Issues and verifies access tokens: JWT (RFC 7519), ES256, with the claims that distribution's registry reads. */
export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const { keys, principals, now, cacheBytes = CACHE_BYTES } = options;
  const { lifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = options;
  const ttl = (lifetimeSeconds + LEEWAY_SECONDS) * 1000;
  const known = createExpiringMap<Known>({ maxBytes: cacheBytes, bytesOf: bytesOfKnown, ttl, now });
  const settings = { ...options, lifetimeSeconds };
  const check = createClaimsCheck(settings);

  const remembered = (token: string): Known | undefined => {
    if (known.size === 0 || !isWellFormed(token)) return undefined;
    const key = cacheKey(token);
    const found = known.get(key);
    if (found === undefined) return undefined;
    // Removing a key from the ring ends its tokens, also those that were seen before.
    const isGood = found.ends > now() && keys.verifier(found.kid) !== undefined;
    if (isGood && principals.credentialOf(found.principal) === found.credential) return found;
    known.delete(key);
    return undefined;
  };

  return {
    remembered: (token) => remembered(token)?.principal,
    issue: async (principal, access) => {
      const credential = principals.credentialOf(principal);
      if (credential === undefined) return undefined;
      const issuedAt = new Date(now());
      // This may make the first signing key, and the key of the fingerprints with it.
      const signing = await keys.signer();
      const claims = { fingerprint: keys.fingerprint(credential), kid: signing.kid };
      const signed = signWithin(ownAccess(access), (kept) =>
        sign({ principal, access: kept, fingerprint: claims.fingerprint }, signing, settings),
      );
      const ends = (secondsOf(issuedAt.getTime()) + lifetimeSeconds + LEEWAY_SECONDS) * 1000;
      const bearer = ownBearer(principal, signed.access);
      known.set(cacheKey(signed.token), { ...claims, principal: bearer, ends, credential });
      return { ...signed, expiresIn: lifetimeSeconds, issuedAt };
    },
    verify: async (token) => {
      const before = remembered(token);
      if (before !== undefined) return before.principal;
      const claims = isWellFormed(token) ? await check(token) : undefined;
      const credential = claims === undefined ? undefined : principals.credentialOf(claims.principal);
      if (claims === undefined || credential === undefined) return undefined;
      if (keys.fingerprint(credential) !== claims.fingerprint) return undefined;
      known.set(cacheKey(token), { ...claims, credential });
      return claims.principal;
    },
  };
}

/** Signs a token that fits into a header. Access without actions is left out first, then the access requested last. */
function signWithin(
  access: readonly Access[],
  signed: (access: readonly Access[]) => string,
): Pick<IssuedToken, 'token' | 'access'> {
  let kept = access;
  let token = signed(kept);
  let rest = access.filter(({ actions }) => actions.length > 0);
  while (token.length > LONGEST_TOKEN && kept.length > 0) {
    kept = rest;
    token = signed(kept);
    const fitting = Math.floor((kept.length * LONGEST_TOKEN) / token.length);
    rest = kept.slice(0, Math.min(kept.length - 1, fitting));
  }
  return { token, access: kept };
}

function bytesOfKnown({ principal, fingerprint, credential }: Known): number {
  const texts = [accountOf(principal), fingerprint, credential].map(bytesOfText);
  return texts.reduce((sum, bytes) => sum + bytes, KNOWN_BYTES + bytesOfAccess(principal.within ?? []));
}

/** Returns the principal of the issued token. Its name is copied: it may be a slice of a request that holds the password. */
function ownBearer(principal: Principal, within: readonly Access[]): Principal {
  const bearer: Principal = { ...principal, proof: 'access-token', within };
  return bearer.kind === 'user' ? { ...bearer, name: ownText(bearer.name) } : bearer;
}

type Settings = Required<Omit<AccessTokensOptions, 'cacheBytes'>>;

interface SignedClaims {
  readonly principal: Principal;
  readonly access: readonly Access[];
  readonly fingerprint: string;
}

function sign(claims: SignedClaims, { kid, key }: SigningKey, settings: Settings): string {
  const { issuer, service, lifetimeSeconds, now } = settings;
  const issuedAt = secondsOf(now());
  const id = claims.principal.kind === 'anonymous' ? undefined : claims.principal.tokenId;
  return signToken(
    { kid },
    {
      iss: issuer,
      sub: accountOf(claims.principal),
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
 * Keys come only from the ring: `jwk`, `jku`, `x5u` and `x5c` of the header are ignored, and `kid` is only looked up in
 * the ring.
 */
function createClaimsCheck(settings: Settings): (token: string) => Promise<Claims | undefined> {
  const { keys, issuer, service, lifetimeSeconds, now, principals } = settings;
  // Loaded with the first token: most gates receive none.
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
      return readClaims(payload, protectedHeader.kid, principals);
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  };
}

function readClaims(
  { sub, exp, access, fp, cid }: JWTPayload,
  kid: string | undefined,
  principals: Settings['principals'],
): Claims | undefined {
  if (!isText(sub) || !isText(kid) || exp === undefined || !isText(fp) || !isListOf(isAccess, access))
    return undefined;
  if (cid !== undefined && !isText(cid)) return undefined;
  const principal = principals.ofClaims(sub, cid, access);
  return principal && { principal, fingerprint: fp, kid, ends: (exp + LEEWAY_SECONDS) * 1000 };
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
