import type { Config } from '../../config/schema/schema.ts';
import { Secret } from '../../lib/secret.ts';
import type { Backend } from '../../backend/client/backend.ts';
import { createBackendLogin } from '../../backend/probe/backend-login.ts';
import type { Access } from '../../oci/request/scope.ts';
import { openBackendSigner } from './backend-signer.ts';

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
