import { readFile } from 'node:fs/promises';
import type { Config } from '../../config/schema/schema.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { isForbidden, ownershipCure } from '../../lib/files/ownership.ts';
import { Secret } from '../../lib/secret.ts';
import { createBackendTokens, type BackendTokens } from '../../auth/tokens/backend-tokens.ts';
import { ISSUER } from '../../auth/tokens/open-tokens.ts';
import { statePaths } from '../../auth/tokens/store/state-paths.ts';
import type { Backend } from '../../backend/client/backend.ts';
import { createBackendLogin } from '../../backend/probe/backend-login.ts';
import type { Access } from '../../oci/request/scope.ts';

/** The credentials of the gate at a registry that asks for some. */
export interface BackendCredentials {
  /** The value of `Authorization` for one request of `user`. Rejects where the registry's token service gives none. */
  authorization(user: string, access: readonly Access[]): string | Promise<string>;
  /** The registry has refused them: they are made anew for the next request. */
  forget(): void;
  close(): void;
}

const LOGIN_TIMEOUT_MS = 10_000;

/**
 * Signs in as a user of the registry, or signs tokens that the registry checks, as configured; undefined where neither is.
 * Throws AppError CERT_MISSING, CERT_INVALID.
 */
export async function openBackendCredentials(
  config: Pick<Config, 'auth' | 'backendPassword' | 'backendUser' | 'state'>,
  backend: Backend,
  now: () => number,
): Promise<BackendCredentials | undefined> {
  const { backendUser: user, backendPassword: password } = config;
  if (user !== undefined && password !== undefined) {
    const timeoutMs = LOGIN_TIMEOUT_MS;
    const login = createBackendLogin({ backend, user, password: new Secret(password), timeoutMs, now });
    return { ...login, authorization: (_user, access) => login.authorization(access) };
  }
  const signer = await openBackendSigner(config);
  return signer && { ...signer, forget: () => undefined, close: () => undefined };
}

/** Opens the signer of tokens that the registry checks; undefined where it checks none. Throws AppError CERT_MISSING, CERT_INVALID. */
async function openBackendSigner({
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
