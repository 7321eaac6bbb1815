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

/** As writeAll, of several pieces with one call: each call takes a thread its turn. At most some hundred of them. */
export async function writeParts(
  file: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
): Promise<number> {
  const { bytesWritten } = await file.writev(parts, position);
  let at = 0;
  for (const part of parts) {
    const written = Math.max(0, bytesWritten - at);
    if (written < part.byteLength) await writeAll(file, part.subarray(written), position + at + written);
    at += part.byteLength;
  }
  return at;
}
