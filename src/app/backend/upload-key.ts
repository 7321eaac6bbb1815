import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatePaths } from '../../pki/authority/cert-store.ts';
import { systemCode, AppError } from '../../lib/errors.ts';

interface UploadKeyOptions {
  /** The certs directory. */
  readonly certs: string;
  readonly state: string;
  readonly tls: { readonly key?: string | undefined };
}

/** May stand in the state directory, where gates that share a registry have no private key in common. */
const UPLOAD_KEY_FILE = 'upload.key';
const LEAST_BYTES = 32;

/**
 * The key under which names of upload sessions are sealed (32 bytes). Made from a secret that is there anyway and that all
 * processes and gates of one certs directory have in common, so that an upload goes on after a restart and at another
 * gate: nothing is written, and a directory that is mounted read-only will do. In this order: `upload.key` in the state
 * directory, the private key of the CA, that of the server. Throws AppError STATE_INVALID for an `upload.key` that can't
 * be used.
 */
export async function readUploadKey({ certs, state, tls }: UploadKeyOptions): Promise<Buffer> {
  const paths = certificatePaths(certs);
  const secret =
    (await readOwn(join(state, UPLOAD_KEY_FILE))) ??
    (await readAny(paths.authorityKey)) ??
    (await readAny(tls.key ?? paths.key));
  // A server without a private key does not get this far.
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
    throw new AppError('STATE_INVALID', { message, hint: cure, cause: error });
  }
}

/** The key of the CA is kept from the server in some places, which is good. */
async function readAny(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}
