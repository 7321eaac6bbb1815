import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatePaths } from '../../pki/authority/cert-store.ts';
import { systemCode, AppError } from '../../lib/errors.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';

interface UploadKeyOptions {
  /** The certs directory. */
  readonly certs: string;
  readonly state: string;
  readonly tls: { readonly key?: string | undefined };
}

/** An optional file of the state directory, for gates that share a registry and have no private key in common. */
const UPLOAD_KEY_FILE = 'upload.key';
const LEAST_BYTES = 32;

/**
 * The key that seals the names of upload sessions (32 bytes). It is derived from a secret that exists anyway and that all
 * processes and gates of one certs directory share, so that an upload continues after a restart and at another gate.
 * Nothing is written: the directory may be mounted read-only. The secret is the first of these: `upload.key` in the state
 * directory, the private key of the CA, the private key of the server. Throws AppError STATE_INVALID for an `upload.key`
 * that cannot be used.
 */
export async function readUploadKey({ certs, state, tls }: UploadKeyOptions): Promise<Buffer> {
  const paths = certificatePaths(certs);
  const secret =
    (await readOwn(join(state, UPLOAD_KEY_FILE))) ??
    // While a rollover of the CA goes on, the key before: an upload that began before it continues.
    (await readAny(join(certs, 'ca-previous.key'))) ??
    (await readAny(paths.authorityKey)) ??
    (await readAny(tls.key ?? paths.key));
  // A server without a private key does not start.
  if (secret === undefined) throw new Error('no private key to make the key of uploads from');
  return createHash('sha256').update('registry-gate: names of upload sessions\n').update(secret).digest();
}

async function readOwn(path: string): Promise<Buffer | undefined> {
  const cure = `Write 32 random bytes into it (openssl rand -hex 32 > ${path}; chmod 600 ${path}), or remove it.`;
  try {
    const secret = await readFile(path);
    if (secret.length >= LEAST_BYTES) return secret;
    throw new AppError('STATE_INVALID', {
      message: `${path} holds less than ${LEAST_BYTES} bytes.`,
      hint: cure,
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const message = `${path} can't be read (${code ?? String(error)}).`;
    // It may be sound, and is not to be replaced then: uploads that are under way would end.
    if (isForbidden(error))
      throw new AppError('FILE_UNREADABLE', { message, hint: ownershipCure(path, 'read'), cause: error });
    throw new AppError('STATE_INVALID', { message, hint: cure, cause: error });
  }
}

/** Some installations keep the key of the CA elsewhere, which is good. */
async function readAny(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}
