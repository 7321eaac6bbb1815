const BUFFER_BYTES = 512 * 1024;
const BUFFERS_KEPT = 32;

const kept: Buffer[] = [];

/** A buffer of half a megabyte. Whoever takes one gives it back with `giveBuffer`, once nobody uses it any more. */
export function takeBuffer(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

export function giveBuffer(buffer: Buffer): void {
  if (kept.length < BUFFERS_KEPT) kept.push(buffer);
}
