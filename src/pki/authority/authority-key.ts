import type { KeyObject } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { readIfPresent } from './cert-store.ts';
import { isEncrypted, parsePrivateKey } from '../x509/key-pair.ts';

/** Where the private key of a CA is kept, and what opens it. */
export interface KeyAccess {
  /** The file with the key, if it is not kept in the certs directory. */
  readonly keyFile?: string | undefined;
  /** The file with the passphrase of the key, on its first line. */
  readonly passphraseFile?: string | undefined;
}

/** Reads the file of `keyFile`. Throws AppError CERT_MISSING if it does not exist. */
export async function readKeyFile(path: string): Promise<string> {
  const pem = await readIfPresent(path);
  if (pem !== undefined) return pem;
  throw new AppError('CERT_MISSING', {
    message: `${path}, the private key of the CA, does not exist.`,
    hint: 'Bring it to this machine, and name it: --ca-key FILE',
  });
}

/** The private key in a text. Throws AppError CERT_INVALID if it can't be read, or not without the right passphrase. */
export async function openAuthorityKey(
  pem: string,
  path: string,
  { passphraseFile }: KeyAccess,
): Promise<KeyObject> {
  if (!isEncrypted(pem)) return parsePrivateKey(pem, path);
  if (passphraseFile === undefined) {
    throw new AppError('CERT_INVALID', {
      message: `${path}, the private key of the CA, is protected by a passphrase.`,
      hint: 'Name the file that holds the passphrase: --ca-passphrase-file FILE, or caPassphraseFile in registry-gate.yml',
    });
  }
  const passphrase = await readPassphrase(passphraseFile);
  // Loaded only now: few keys have a passphrase.
  const { decryptKey } = await import('../x509/signing/encrypted-key.ts');
  const key = decryptKey(pem, passphrase);
  if (key !== undefined) return key;
  throw new AppError('CERT_INVALID', {
    message: `The passphrase in ${passphraseFile} does not open ${path}.`,
    hint: `Correct ${passphraseFile}: the passphrase is its first line.`,
  });
}

/** The first line of a file. Throws AppError CERT_INVALID if there is none. */
export async function readPassphrase(path: string): Promise<string> {
  const [line = ''] = ((await readIfPresent(path)) ?? '').split(/\r?\n/, 1);
  if (line !== '') return line;
  throw new AppError('CERT_INVALID', {
    message: `${path} holds no passphrase for the private key of the CA.`,
    hint: 'Write the passphrase into its first line, and let nobody else read it: chmod 600',
  });
}

/** Whether the key in this file can be used without anybody's help: it is there, and has no passphrase or one that is known. */
export async function isUsable(path: string, { passphraseFile }: KeyAccess): Promise<boolean> {
  if (passphraseFile !== undefined) return true;
  // A monitor may read the certificates, but not the key.
  const pem = await readIfPresent(path).catch(() => '');
  return pem === undefined || !isEncrypted(pem);
}
