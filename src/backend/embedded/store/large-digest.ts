import { subtle } from 'node:crypto';
import { digestOf, type Algorithm, type Digest } from '../../../oci/digest.ts';

/** From this many bytes on, a thread of the pool is faster. */
const LARGE = 128 * 1024;

/** Returns the digest of bytes in memory. Large ones are hashed outside the event loop. */
export async function digestOfLarge(algorithm: Algorithm, bytes: Buffer): Promise<Digest> {
  if (bytes.length < LARGE) return digestOf(algorithm, bytes);
  const hash = await subtle.digest(`SHA-${algorithm.slice('sha'.length)}`, new Uint8Array(bytes));
  const hex = Buffer.from(hash).toString('hex');
  return { algorithm, hex, text: `${algorithm}:${hex}` };
}
