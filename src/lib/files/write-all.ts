import type { FileHandle } from 'node:fs/promises';

/** Writes bytes from a position on, or to the end of the file. Returns how many they are. Their memory may then be used again. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position?: number): Promise<number> {
  for (let done = 0; done < bytes.byteLength;) {
    const at = position === undefined ? null : position + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, at);
    done += bytesWritten;
  }
  return bytes.byteLength;
}

/** As writeAll, of two pieces with one call: each call takes a thread its turn. */
export async function writeBoth(
  file: FileHandle,
  [first, second]: readonly [Uint8Array, Uint8Array],
  position: number,
): Promise<number> {
  const { bytesWritten } = await file.writev([first, second], position);
  const left = first.byteLength - bytesWritten;
  if (left > 0) await writeAll(file, first.subarray(bytesWritten), position + bytesWritten);
  const done = Math.max(0, -left);
  await writeAll(file, second.subarray(done), position + first.byteLength + done);
  return first.byteLength + second.byteLength;
}
