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
