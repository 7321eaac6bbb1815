import { AppError } from '../../lib/errors.ts';
import { createHasher, digestOf } from '../../oci/digest.ts';
import type { Descriptor } from './descriptor.ts';

/** What a descriptor promises of the bytes. */
export type Promised = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Passes on the bytes of a blob, and ends with AppError DIGEST_MISMATCH if they are not those that the descriptor
 * promises. No byte beyond the size is passed on.
 */
export async function* verified(
  pieces: AsyncIterable<Uint8Array>,
  { digest, size }: Promised,
  label: string,
): AsyncIterable<Uint8Array> {
  const hasher = createHasher(digest.algorithm);
  let seen = 0;
  for await (const piece of pieces) {
    seen += piece.byteLength;
    if (seen > size) throw mismatch({ digest, size }, label, `it has more than ${size} bytes`);
    hasher.update(piece);
    yield piece;
  }
  if (seen !== size) throw mismatch({ digest, size }, label, `it has ${seen} bytes instead of ${size}`);
  const found = hasher.digest('hex');
  if (found !== digest.hex)
    throw mismatch({ digest, size }, label, `its bytes have ${digest.algorithm}:${found}`);
}

/** Checks all bytes of a blob, as `verified` does. */
export function checkWhole(bytes: Uint8Array, { digest, size }: Promised, label: string): void {
  if (bytes.length !== size)
    throw mismatch({ digest, size }, label, `it has ${bytes.length} bytes instead of ${size}`);
  const found = digestOf(digest.algorithm, bytes);
  if (found.hex !== digest.hex) throw mismatch({ digest, size }, label, `its bytes have ${found.text}`);
}

/** Content that is not what its digest says. `label` names where it came from. */
export function mismatch({ digest }: Promised, label: string, reason: string): AppError {
  return new AppError('DIGEST_MISMATCH', {
    message: `${digest.text} of ${label} is not what it should be: ${reason}. Nothing of it was kept.`,
    hint: 'Fetch or save the image again. If it happens again, what is stored there is damaged: push it again.',
  });
}
