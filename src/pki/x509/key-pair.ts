import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '../../lib/errors.ts';

/** The types of new keys: ECDSA P-256, or RSA with 2048 bits for very old clients. */
export type KeyKind = 'ecdsa' | 'rsa';

/** A new private key and its public half. */
interface NewKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Bits of an RSA key below which clients refuse it. */
export const SMALLEST_RSA = 2048;

/** The first private key of a text: its label and the content of its block. */
const PRIVATE_KEY = /^-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----([^]*?)^-----END /m;

const generate = promisify(generateKeyPair);
const CURVE_NAMES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

/** Makes a key. With `like` it gets the RSA size or the curve of that public key, if clients accept it. */
export async function makeKey(kind: KeyKind, like?: KeyObject): Promise<NewKey> {
  const { modulusLength = SMALLEST_RSA, namedCurve = 'prime256v1' } = like?.asymmetricKeyDetails ?? {};
  if (kind === 'rsa') return generate('rsa', { modulusLength: Math.max(modulusLength, SMALLEST_RSA) });
  return generate('ec', { namedCurve: namedCurve in CURVE_NAMES ? namedCurve : 'prime256v1' });
}

/** The type of a key that replaces this one. */
export function keyKind(key: KeyObject): KeyKind {
  return key.asymmetricKeyType?.startsWith('rsa') === true ? 'rsa' : 'ecdsa';
}

/** `ECDSA P-256`, `RSA-2048`, `ED25519`: the type of a key, for people. */
export function describeKey(key: KeyObject): string {
  const { modulusLength, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return `ECDSA ${CURVE_NAMES[namedCurve] ?? namedCurve}`;
  if (modulusLength !== undefined) return `RSA-${modulusLength}`;
  return (key.asymmetricKeyType ?? 'unknown').toUpperCase();
}

/** The private key as PKCS#8 PEM. */
export function keyToPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Reads a private key in PEM: PKCS#1, PKCS#8 or SEC 1. Throws AppError CERT_INVALID that names the file, never its content. */
export function parsePrivateKey(pem: string, path: string): KeyObject {
  if (isEncrypted(pem)) {
    throw new AppError('CERT_INVALID', {
      message: `${path} is protected by a passphrase, which a server can't type.`,
      hint: `Remove the passphrase: openssl pkey -in ${path} -out ${path}.plain && mv ${path}.plain ${path}`,
    });
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new AppError('CERT_INVALID', {
      message: `${path} holds no private key that can be read.`,
      hint: 'A PEM file begins with -----BEGIN PRIVATE KEY-----, RSA PRIVATE KEY or EC PRIVATE KEY.',
    });
  }
}

/** Whether a passphrase protects the private key. PKCS#8 has it in the label (RFC 7468 section 11), older forms in a header of the block (RFC 1421 section 4.6.1.1). Text outside the block does not count. */
export function isEncrypted(pem: string): boolean {
  const [, label = '', block = ''] = PRIVATE_KEY.exec(pem) ?? [];
  return label.startsWith('ENCRYPTED') || /^Proc-Type: *4, *ENCRYPTED/m.test(block);
}
