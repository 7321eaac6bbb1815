import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

const MARK = '~';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Names are padded to multiples of this, so that the text does not reveal their length. */
const BLOCK = 64;

/**
 * Encrypts a name that the client may not see, for a `Link`. Only this gate can decrypt it. The same name and key (32
 * bytes) give the same text. AES-256-GCM, with a nonce derived from the name.
 */
export function concealName(name: string, key: Buffer): string {
  const plain = name.padEnd(Math.ceil((name.length + 1) / BLOCK) * BLOCK, '\0');
  const iv = createHmac('sha256', key).update(plain).digest().subarray(0, IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([iv, cipher.update(plain, 'latin1'), cipher.final(), cipher.getAuthTag()]);
  return `${MARK}${sealed.toString('base64url')}`;
}

/**
 * Returns the name that `last` stands for: itself, or the decrypted one; undefined if it was changed or encrypted with
 * another key.
 */
export function revealName(text: string, key: Buffer): string | undefined {
  // No repository name begins with the mark.
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
