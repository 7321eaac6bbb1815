import { hash, randomBytes } from 'node:crypto';
import type { CompactJWSHeaderParameters, JWTPayload } from 'jose';
import { createExpiringMap } from '../../lib/expiring-map.ts';
import { bytesOfText, ownText } from '../../lib/own-text.ts';
import type { Access } from '../../oci/request/scope.ts';
import { bytesOfAccess, ownAccess } from './token-access.ts';
import { credentialId, holderName, parseHolder } from './store/holder.ts';
import type { Holder } from './store/holder.ts';
import type { KeyRing, SigningKey } from './store/key-ring.ts';
import { signToken } from './sign-token.ts';
import { isListOf, isRecord, isText } from './store/state-file.ts';

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
  /** How many bytes of tokens that were given out or verified are remembered at most. */
  readonly cacheBytes?: number;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresIn: number;
  readonly issuedAt: Date;
  /** What stands in the token: all that was granted, or as much of it as a header can carry. */
  readonly access: readonly Access[];
}

/** What a token says that is in order. Rights are decided per request, from the holder, and within `access`: what was asked for and granted. */
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
const CACHE_BYTES = 16 * 1024 * 1024;
/** The object of a remembered token, without its texts and its list. */
const KNOWN_BYTES = 256;
/** Base64url without padding and stray bits (RFC 7515 section 2), and 64 bytes of signature: more than jose asks for. */
const FORM = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;

/** Gives out and checks access tokens: JWT (RFC 7519), ES256, with the claims that distribution's registry reads. */
export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const { keys, credentialOf, now, cacheBytes = CACHE_BYTES } = options;
  const { lifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = options;
  const ttl = (lifetimeSeconds + LEEWAY_SECONDS) * 1000;
  const known = createExpiringMap<Known>({ maxBytes: cacheBytes, bytesOf: bytesOfKnown, ttl, now });
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
      const claims = { holder, fingerprint: keys.fingerprint(credential), kid: signing.kid };
      const signed = signWithin(ownAccess(access), claims, (whole) =>
        sign(whole, signing, { ...options, lifetimeSeconds }),
      );
      const ends = (secondsOf(issuedAt.getTime()) + lifetimeSeconds + LEEWAY_SECONDS) * 1000;
      const owner = ownHolder(holder);
      known.set(cacheKey(signed.token), {
        ...claims,
        holder: owner,
        access: signed.access,
        ends,
        credential,
      });
      return { ...signed, expiresIn: lifetimeSeconds, issuedAt };
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

/**
 * No header holds a longer token. What grants nothing is left out first, and then what was asked for last: a token never
 * opens what does not stand in it.
 */
function signWithin(
  access: readonly Access[],
  claims: Omit<Claims, 'access' | 'ends'>,
  signed: (claims: Omit<Claims, 'ends'>) => string,
): Pick<IssuedToken, 'token' | 'access'> {
  let kept = access;
  let token = signed({ ...claims, access: kept });
  let rest = access.filter(({ actions }) => actions.length > 0);
  while (token.length > LONGEST_TOKEN && kept.length > 0) {
    kept = rest;
    token = signed({ ...claims, access: kept });
    const fitting = Math.floor((kept.length * LONGEST_TOKEN) / token.length);
    rest = kept.slice(0, Math.min(kept.length - 1, fitting));
  }
  return { token, access: kept };
}

function bytesOfKnown({ holder, access, fingerprint, credential }: Known): number {
  const texts = [holderName(holder), fingerprint, credential].map(bytesOfText);
  return texts.reduce((sum, bytes) => sum + bytes, KNOWN_BYTES + bytesOfAccess(access));
}

/** The name came with a request, in one text with the password. */
function ownHolder(holder: Holder): Holder {
  return holder.kind === 'user' ? { ...holder, user: ownText(holder.user) } : holder;
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
