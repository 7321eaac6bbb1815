import { hash } from 'node:crypto';

/** The two digests of sha-crypt, by the number between the first two `$`. */
type ShaCryptKind = '5' | '6';

export interface ShaCryptSetting {
  readonly kind: ShaCryptKind;
  readonly rounds: number;
  readonly salt: Buffer;
}

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** For each digest: its name, its size in bytes, and how far each group of three bytes is rotated before it is written. */
const DIGESTS = {
  '5': { name: 'sha256', size: 32, turn: 2 },
  '6': { name: 'sha512', size: 64, turn: 1 },
} as const;

/**
 * Computes the last part of `$5$...` and `$6$...`, 43 or 86 characters (U. Drepper, "Unix crypt using SHA-256 and SHA-512",
 * version 0.6; the comments give its step numbers).
 */
export function shaCrypt(password: Buffer, { kind, rounds, salt }: ShaCryptSetting): string {
  const digest = (...parts: readonly Buffer[]): Buffer => sum(kind, Buffer.concat(parts));
  const b = digest(password, salt, password); // steps 4-8
  const a = digest(password, salt, stretch(b, password.length), ...byLengthBits(password, b)); // steps 1-3, 9-12
  const p = stretch(digest(...copies(password, password.length)), password.length); // steps 13-16
  const s = stretch(digest(...copies(salt, 16 + (a[0] ?? 0))), salt.length); // steps 17-20
  return encode(kind, mix(kind, { a, p, s, rounds }));
}

interface Mixture {
  readonly a: Buffer;
  readonly p: Buffer;
  readonly s: Buffer;
  readonly rounds: number;
}

/** Step 21: the slow part. */
function mix(kind: ShaCryptKind, { a, p, s, rounds }: Mixture): Buffer {
  let c = a;
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 !== 0;
    const parts = [odd ? p : c];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(odd ? c : p);
    c = sum(kind, Buffer.concat(parts));
  }
  return c;
}

function sum(kind: ShaCryptKind, data: Buffer): Buffer {
  return hash(DIGESTS[kind].name, data, 'buffer');
}

function copies(part: Buffer, count: number): Buffer[] {
  return Array.from({ length: count }, () => part);
}

/** Repeats the digest up to a length. */
function stretch(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest);
}

/** Step 11: for each bit of the length, lowest first: the digest for a one, the password for a zero. */
function byLengthBits(password: Buffer, digest: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let rest = password.length; rest > 0; rest >>= 1) parts.push(rest % 2 === 1 ? digest : password);
  return parts;
}

/** Step 22: groups of three bytes a third of the digest apart, six bits to a character, lowest first. */
function encode(kind: ShaCryptKind, digest: Buffer): string {
  const { size, turn } = DIGESTS[kind];
  const third = Math.floor(size / 3);
  let text = '';
  for (let group = 0; group < third; group += 1) {
    const at = (place: number): number => digest[group + third * ((place + group * turn) % 3)] ?? 0;
    text += characters((at(0) << 16) | (at(1) << 8) | at(2), 4);
  }
  const [first = 0, second = 0] = digest.subarray(third * 3);
  return text + (size === 32 ? characters((second << 8) | first, 3) : characters(first, 2));
}

function characters(bits: number, count: number): string {
  let text = '';
  for (let rest = bits, left = count; left > 0; left -= 1, rest >>= 6) text += ALPHABET.charAt(rest & 0x3f);
  return text;
}
