import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

const MARK = '~';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Names of one length class look alike: the text does not tell how long the name is. */
const BLOCK = 64;

/**
 * Stands for a name in a `Link` that its reader may not see: an opaque text which this gate alone can read back. The same
 * name and key (32 bytes) give the same text. AES-256-GCM, its nonce made from the name.
 */
export function concealName(name: string, key: Buffer): string {
  const plain = name.padEnd(Math.ceil((name.length + 1) / BLOCK) * BLOCK, '\0');
  const iv = createHmac('sha256', key).update(plain).digest().subarray(0, IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([iv, cipher.update(plain, 'latin1'), cipher.final(), cipher.getAuthTag()]);
  return `${MARK}${sealed.toString('base64url')}`;
}

/** The name that a `last` stands for: itself, or the one that was concealed; undefined where it was concealed with another key or changed. */
export function revealName(text: string, key: Buffer): string | undefined {
  // No name of a repository begins with the mark.
  if (!text.startsWith(MARK)) return text;
  const sealed = Buffer.from(text.slice(MARK.length), 'base64url');
  if (sealed.length <= IV_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES));
    return Buffer.concat([plain, decipher.final()]).toString('latin1').replaceAll('\0', '');
  } catch {
    return undefined;
  }
}
