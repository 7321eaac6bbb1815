import { createHash, hash, type Hash } from 'node:crypto';

/**
 * Hash functions of digests: those of the OCI image-spec ("Registered algorithms"), and sha384, which distribution 2.8
 * and 3 accept too.
 */
export type Algorithm = 'sha256' | 'sha384' | 'sha512';

export const ALGORITHMS: readonly Algorithm[] = ['sha256', 'sha384', 'sha512'];

/** `algorithm:hex`, validated: its parts are safe in file names. */
export interface Digest {
  readonly algorithm: Algorithm;
  readonly hex: string;
  readonly text: string;
}

const HEX: Readonly<Record<Algorithm, RegExp>> = {
  sha256: /^[a-f0-9]{64}$/,
  sha384: /^[a-f0-9]{96}$/,
  sha512: /^[a-f0-9]{128}$/,
};

/** Parses a digest. Returns undefined if it is malformed or its algorithm is not supported. */
export function parseDigest(text: string): Digest | undefined {
  const mark = text.indexOf(':');
  const algorithm = text.slice(0, mark);
  const hex = text.slice(mark + 1);
  return mark > 0 && isAlgorithm(algorithm) && HEX[algorithm].test(hex)
    ? { algorithm, hex, text: `${algorithm}:${hex}` }
    : undefined;
}

export function isAlgorithm(text: string): text is Algorithm {
  return Object.hasOwn(HEX, text);
}

/** Returns the digest of bytes in memory. */
export function digestOf(algorithm: Algorithm, bytes: Uint8Array): Digest {
  const hex = hash(algorithm, bytes, 'hex');
  return { algorithm, hex, text: `${algorithm}:${hex}` };
}

export function createHasher(algorithm: Algorithm): Hash {
  return createHash(algorithm);
}
