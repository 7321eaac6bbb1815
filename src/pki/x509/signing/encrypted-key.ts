import { createCipheriv, createPrivateKey, pbkdf2, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import {
  integer,
  objectIdentifier,
  octetString,
  sequence,
  toDer,
  toPem,
  nothing,
} from '../certificate-der.ts';

const OID = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const;
/** OWASP's number for PBKDF2 with SHA-256. Node.js itself writes 2048, which a thief tries quickly. */
const ROUNDS = 600_000;
const derive = promisify(pbkdf2);

/**
 * The private key as encrypted PKCS#8 in PEM (RFC 5958, PBES2 of RFC 8018): AES-256, and a key derived by PBKDF2 with
 * SHA-256, which OpenSSL and GnuTLS read.
 */
export async function encryptKey(key: KeyObject, passphrase: string): Promise<string> {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const secret = await derive(passphrase, salt, ROUNDS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', secret, iv);
  const plain = key.export({ type: 'pkcs8', format: 'der' });
  const derivation = sequence(
    objectIdentifier(OID.pbkdf2),
    sequence(
      octetString(salt),
      integer(Buffer.from(ROUNDS.toString(16).padStart(6, '0'), 'hex')),
      sequence(objectIdentifier(OID.hmacWithSha256), nothing()),
    ),
  );
  const scheme = sequence(
    objectIdentifier(OID.pbes2),
    sequence(derivation, sequence(objectIdentifier(OID.aes256Cbc), octetString(iv))),
  );
  const content = Buffer.concat([cipher.update(plain), cipher.final()]);
  return toPem('ENCRYPTED PRIVATE KEY', toDer(sequence(scheme, octetString(content))));
}

/** Reads a private key that a passphrase protects, in any form that OpenSSL reads; undefined if it is the wrong passphrase. */
export function decryptKey(pem: string, passphrase: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch {
    return undefined;
  }
}
