import { readFile } from 'node:fs/promises';
import type { Config } from '../../config/schema/schema.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { createBackendTokens } from '../../auth/tokens/backend-tokens.ts';
import type { BackendTokens } from '../../auth/tokens/backend-tokens.ts';
import { ISSUER } from '../../auth/tokens/open-tokens.ts';
import { statePaths } from '../../auth/tokens/store/state-paths.ts';

/** Opens the signer of tokens that the registry checks; undefined where it checks none. Throws AppError CERT_MISSING, CERT_INVALID. */
export async function openBackendSigner({
  auth,
  state,
}: Pick<Config, 'auth' | 'state'>): Promise<BackendTokens | undefined> {
  if (!auth.backendTokens) return undefined;
  const { backendKey, backendCertificate } = statePaths(state);
  const [key, certificate] = await Promise.all([backendKey, backendCertificate].map(readPart));
  return createBackendTokens({
    key: key ?? '',
    certificate: certificate ?? '',
    issuer: ISSUER,
    service: auth.service,
    now: () => Date.now(),
  });
}

async function readPart(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (isForbidden(error)) {
      throw new AppError('FILE_UNREADABLE', {
        message: `${path}, for tokens that the registry checks, can't be read (${code}).`,
        hint: ownershipCure(path, 'read'),
        cause: error,
      });
    }
    throw new AppError('CERT_MISSING', {
      message: `${path}, for tokens that the registry checks, can't be read.`,
      hint: 'Make it with: registry-gate tokens certificate. Or go without: auth.backendTokens: false.',
      cause: error,
    });
  }
}
