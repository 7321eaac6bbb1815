import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Secret } from '../../../lib/secret.ts';

/** `machine`: shown once on a terminal. `identity`: given to a client at login. `session`: the cookie of a browser. */
type SecretKind = 'machine' | 'identity' | 'session';

interface NewSecret {
  readonly secret: Secret<string>;
  /** The stored form: SHA-256, base64url. 256 random bits need no slow hash. */
  readonly hash: string;
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = BigInt(ALPHABET.length);
const RANDOM_BYTES = 32;
/** 62^43 > 2^256, 62^6 > 2^32. */
const LENGTH = { random: 43, check: 6 } as const;
const PREFIX = { machine: 'rgm_', identity: 'rgi_', session: 'rgs_' } as const;
const FORM = /^(rg[mis]_)([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/**
 * Makes a secret: a prefix that people and scanners recognise, 256 random bits, and a checksum that tells a mistyped or
 * truncated secret from a revoked one. It consists of letters and digits, so no shell and no URL changes it.
 */
export function makeSecret(kind: SecretKind, random: (size: number) => Buffer = randomBytes): NewSecret {
  const body = PREFIX[kind] + toBase62(BigInt(`0x${random(RANDOM_BYTES).toString('hex')}`), LENGTH.random);
  const text = body + checksum(body);
  return { secret: new Secret(text), hash: hashSecret(text) };
}

/** Returns the hash of a secret of this kind; undefined for any other text. */
export function readSecret(kind: SecretKind, text: string): string | undefined {
  const match = FORM.exec(text);
  if (match === null || match[1] !== PREFIX[kind]) return undefined;
  return checksum(text.slice(0, -LENGTH.check)) === match[3] ? hashSecret(text) : undefined;
}

function hashSecret(text: string): string {
  return hash('sha256', text, 'base64url');
}

function checksum(body: string): string {
  return toBase62(BigInt(crc32(body)), LENGTH.check);
}

function toBase62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i += 1) {
    text = `${ALPHABET[Number(rest % BASE)] ?? ''}${text}`;
    rest /= BASE;
  }
  return text;
}
