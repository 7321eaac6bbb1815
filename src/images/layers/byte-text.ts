// A name in a tar is bytes. They are held as byte strings, of one character for each byte, which lose nothing.

const ODD = /[\u0080-\u00ff]/;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Returns a byte string as text; bytes that are not UTF-8 as `\xff`. */
export function textOfBytes(bytes: string): string {
  if (!ODD.test(bytes)) return bytes;
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return bytes.replace(/[\u0080-\u00ff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
  }
}

/** Returns a text as a byte string. `\x80` to `\xff`, as `textOfBytes` writes them, are bytes. */
export function bytesOfText(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return bytes.replace(/\\x([89a-f][0-9a-f])/g, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Whether the bytes are UTF-8, so that `textOfBytes` is all there is to say. */
export function isText(bytes: string): boolean {
  return !ODD.test(bytes) || Buffer.from(textOfBytes(bytes), 'utf8').toString('latin1') === bytes;
}
