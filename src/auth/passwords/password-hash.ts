import bcrypt from 'bcrypt';
import { hash, timingSafeEqual } from 'node:crypto';
import { md5Crypt } from './md5-crypt.ts';
import { shaCrypt, type ShaCryptSetting } from './sha-crypt.ts';
import type { Weakness } from './weakness.ts';

type SchemeName = 'bcrypt' | 'apr1' | 'md5' | 'sha' | 'ssha' | 'sha256-crypt' | 'sha512-crypt';

/** A hash of a password file that the gate can verify. */
export interface StoredHash {
  readonly scheme: SchemeName;
  /** The text in the file. */
  readonly text: string;
  /** bcrypt: the logarithm of its rounds. sha-crypt: its rounds. 0 for a scheme without rounds. */
  readonly cost: number;
  /** Whether it takes milliseconds, and must not be verified on the main thread. */
  readonly slow: boolean;
  /** Why it should be replaced; undefined for a strong hash. */
  readonly weakness?: Weakness | undefined;
}

interface Scheme {
  readonly name: SchemeName;
  readonly shape: RegExp;
  readonly slow: boolean;
  /** The longest password that other programs verify with it, in bytes. Default: the longest that the gate verifies. */
  readonly maxBytes?: number;
  cost(match: RegExpExecArray): number;
  /** Returns why a hash of the right shape is refused. */
  refuse?(cost: number, match: RegExpExecArray): string | undefined;
  weakness(cost: number): Weakness | undefined;
  verify(match: RegExpExecArray, password: Buffer): boolean;
}

/** bcrypt ignores the bytes after these. A longer new password is refused; a stored one is verified as other programs do. */
export const BCRYPT_MAX_BYTES = 72;
/** The longest password that is hashed, in bytes. The old schemes slow down with the length. */
export const PASSWORD_MAX_BYTES = 1024;

/** The longest password of crypt(3) in libxcrypt, with which Apache and nginx verify `$1$`, `$5$` and `$6$`. */
const CRYPT_MAX_BYTES = 511;
const WRITTEN_COST = 10;
const MAX_BCRYPT_COST = 14;
const MAX_SHA_CRYPT_ROUNDS = 500_000;
const MIN_SHA_CRYPT_ROUNDS = 1000;
const DEFAULT_SHA_CRYPT_ROUNDS = 5000;
const SHA1_BYTES = 20;
const MAX_SSHA_BYTES = 128;

const BCRYPT = /^\$2[aby](\$(\d\d)\$[./A-Za-z0-9]{53})$/;

const SCHEMES: readonly Scheme[] = [
  {
    name: 'bcrypt',
    shape: BCRYPT,
    slow: true,
    cost: (match) => Number(match[2]),
    refuse: refuseBcryptCost,
    weakness: (cost) => (cost < WRITTEN_COST ? { kind: 'cost', cost, expected: WRITTEN_COST } : undefined),
    verify: verifyBcrypt,
  },
  md5Scheme('apr1', /^\$apr1\$[./0-9A-Za-z]{0,8}\$[./0-9A-Za-z]{22}$/),
  md5Scheme('md5', /^\$1\$[./0-9A-Za-z]{0,8}\$[./0-9A-Za-z]{22}$/),
  {
    name: 'sha',
    shape: /^\{SHA\}([A-Za-z0-9+/]{27}=)$/,
    slow: false,
    cost: () => 0,
    weakness: () => ({ kind: 'unsalted' }),
    verify: verifySaltedSha1,
  },
  {
    name: 'ssha',
    shape: /^\{SSHA\}([A-Za-z0-9+/]{28,}={0,2})$/,
    slow: false,
    cost: () => 0,
    refuse: (_cost, [, code = '']) => refuseSsha(code),
    weakness: () => ({ kind: 'no-rounds' }),
    verify: verifySaltedSha1,
  },
  shaCryptScheme(
    'sha256-crypt',
    /^\$(5)\$(?:rounds=([1-9]\d{0,8})\$)?([./0-9A-Za-z]{0,16})\$([./0-9A-Za-z]{43})$/,
  ),
  shaCryptScheme(
    'sha512-crypt',
    /^\$(6)\$(?:rounds=([1-9]\d{0,8})\$)?([./0-9A-Za-z]{0,16})\$([./0-9A-Za-z]{86})$/,
  ),
];

type Recognition =
  | { readonly kind: 'known'; readonly hash: StoredHash }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown' };

/** Returns the scheme of a hash, or why a hash of a known scheme is refused. Never throws. */
export function recognizeHash(text: string): Recognition {
  const found = matchScheme(text);
  if (found === undefined) return { kind: 'unknown' };
  const { scheme, match } = found;
  const cost = scheme.cost(match);
  const reason = scheme.refuse?.(cost, match);
  if (reason !== undefined) return { kind: 'refused', reason };
  const weakness = scheme.weakness(cost);
  return { kind: 'known', hash: { scheme: scheme.name, text, cost, slow: scheme.slow, weakness } };
}

/**
 * Reports whether a password (UTF-8) belongs to a hash. Blocks the thread while it computes the hash. False for a password
 * with a NUL or with more than 1024 bytes, and for a hash that is not recognised.
 */
export function verifyHash(text: string, password: string): boolean {
  const bytes = Buffer.from(password, 'utf8');
  if (bytes.length > PASSWORD_MAX_BYTES || bytes.includes(0)) return false;
  const found = matchScheme(text);
  if (found === undefined || bytes.length > (found.scheme.maxBytes ?? PASSWORD_MAX_BYTES)) return false;
  return found.scheme.verify(found.match, bytes);
}

/** Reports whether a password is longer than the part that its hash depends on. Any text after that part is accepted. */
export function isCut({ scheme }: Pick<StoredHash, 'scheme'>, password: string): boolean {
  return scheme === 'bcrypt' && Buffer.byteLength(password) > BCRYPT_MAX_BYTES;
}

/** Returns the part of a password that a stored hash depends on. Two passwords with the same part are both right or both wrong. */
export function hashedPart(text: string, password: string): string {
  if (!BCRYPT.test(text) || Buffer.byteLength(password) <= BCRYPT_MAX_BYTES) return password;
  return Buffer.from(password).subarray(0, BCRYPT_MAX_BYTES).toString('latin1');
}

/** Hashes a new password of at most 72 bytes: bcrypt, with the prefix that Apache, nginx and distribution all read. */
export async function createHash(password: string): Promise<StoredHash> {
  const bytes = Buffer.from(password, 'utf8');
  if (bytes.length > BCRYPT_MAX_BYTES || bytes.includes(0)) throw new RangeError('not a password for bcrypt');
  const text = (await bcrypt.hash(bytes, WRITTEN_COST)).replace(/^\$2b\$/, '$2y$');
  return { scheme: 'bcrypt', text, cost: WRITTEN_COST, slow: true };
}

function matchScheme(text: string): { scheme: Scheme; match: RegExpExecArray } | undefined {
  for (const scheme of SCHEMES) {
    const match = scheme.shape.exec(text);
    if (match !== null) return { scheme, match };
  }
  return undefined;
}

function refuseBcryptCost(cost: number): string | undefined {
  if (cost < 4) return `bcrypt cost ${cost}: bcrypt starts at 4`;
  if (cost <= MAX_BCRYPT_COST) return undefined;
  return `bcrypt cost ${cost}: above ${MAX_BCRYPT_COST} a login would take seconds`;
}

/** The library knows only `$2a$` and `$2b$`. `$2y$` is Apache's name for `$2b$`, and within 72 bytes `$2a$` is the same. */
function verifyBcrypt([, rest = '']: RegExpExecArray, password: Buffer): boolean {
  return bcrypt.compareSync(password.subarray(0, BCRYPT_MAX_BYTES), `$2b${rest}`);
}

function md5Scheme(name: 'apr1' | 'md5', shape: RegExp): Scheme {
  return {
    name,
    shape,
    slow: true,
    // apr1 is verified by Apache and nginx themselves.
    ...(name === 'md5' && { maxBytes: CRYPT_MAX_BYTES }),
    cost: () => 0,
    weakness: () => ({ kind: 'md5' }),
    verify: ([text], password) => isEqual(md5Crypt(password, text), text),
  };
}

/** `{SHA}` holds the digest, `{SSHA}` the digest of password and salt, then the salt. */
function verifySaltedSha1([, code = '']: RegExpExecArray, password: Buffer): boolean {
  const stored = Buffer.from(code, 'base64');
  const salt = stored.subarray(SHA1_BYTES);
  const digest = hash('sha1', Buffer.concat([password, salt]), 'buffer');
  return stored.length >= SHA1_BYTES && timingSafeEqual(stored.subarray(0, SHA1_BYTES), digest);
}

function refuseSsha(code: string): string | undefined {
  const stored = Buffer.from(code, 'base64');
  const sound =
    stored.toString('base64') === code && stored.length > SHA1_BYTES && stored.length <= MAX_SSHA_BYTES;
  return sound ? undefined : 'a malformed {SSHA} hash';
}

function shaCryptScheme(name: SchemeName, shape: RegExp): Scheme {
  return {
    name,
    shape,
    slow: true,
    maxBytes: CRYPT_MAX_BYTES,
    cost: ([, , rounds]) => Number(rounds ?? DEFAULT_SHA_CRYPT_ROUNDS),
    refuse: refuseRounds,
    weakness: () => undefined,
    verify: ([, kind, rounds, salt = '', digest], password) => {
      const setting: ShaCryptSetting = {
        kind: kind === '5' ? '5' : '6',
        rounds: Number(rounds ?? DEFAULT_SHA_CRYPT_ROUNDS),
        salt: Buffer.from(salt, 'latin1'),
      };
      return isEqual(shaCrypt(password, setting), digest);
    },
  };
}

/** crypt(3) raises fewer rounds to 1000 and writes that number, so no password can belong to a hash that names fewer. */
function refuseRounds(rounds: number): string | undefined {
  if (rounds < MIN_SHA_CRYPT_ROUNDS) return `${rounds} rounds: sha-crypt starts at ${MIN_SHA_CRYPT_ROUNDS}`;
  if (rounds <= MAX_SHA_CRYPT_ROUNDS) return undefined;
  return `${rounds} rounds: above ${MAX_SHA_CRYPT_ROUNDS} a login would take seconds`;
}

function isEqual(computed: string, stored: string | undefined): boolean {
  const [left, right] = [Buffer.from(computed), Buffer.from(stored ?? '')];
  return left.length === right.length && timingSafeEqual(left, right);
}
