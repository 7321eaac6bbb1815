import { createExpiringMap } from '../../lib/expiring-map.ts';
import { bytesOfText } from '../../lib/own-text.ts';
import type { Secret } from '../../lib/secret.ts';
import { renderScopes, type Access } from '../../oci/request/scope.ts';
import type { Backend } from '../client/backend.ts';
import { fetchToken, findLoginMethod, type LoginMethod } from './login-method.ts';

interface BackendLoginOptions {
  readonly backend: Backend;
  readonly user: string;
  readonly password: Secret<string>;
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** The credentials of the gate for a registry that requires them. No client ever sees them. */
interface BackendLogin {
  /** Returns the value of `Authorization` for one request. Rejects if the token service of the registry issues no token. */
  authorization(access: readonly Access[]): string | Promise<string>;
  /** Forgets tokens and method, after the registry refused them. */
  forget(): void;
  close(): void;
}

/** The size of all kept tokens, each of at most 16 KiB. */
const MAX_BYTES = 8 * 1024 * 1024;
const LONGEST_MS = 3600_000;
/** A token is not used in the last part of its life: the request may take some time to arrive. */
const SHARE_OF_LIFE = 0.7;

/** Uses the password itself (RFC 7617), or tokens issued for it. Asks nothing before the first request. */
export function createBackendLogin(options: BackendLoginOptions): BackendLogin {
  const { user, password, timeoutMs, now } = options;
  const basic = (): string => `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`;
  const tokens = createExpiringMap<KeptToken>({
    maxBytes: MAX_BYTES,
    bytesOf: ({ value }) => bytesOfText(value),
    ttl: LONGEST_MS,
    now,
  });
  const underWay = new Map<string, Promise<string>>();
  const method = createMethod(options);

  const get = async (scopes: string): Promise<string> => {
    const found = await method.learn();
    if (found.kind === 'basic') return basic();
    const wanted = scopes === '' ? [] : scopes.split(' ');
    const { token, seconds } = await fetchToken(found, wanted, { authorization: basic(), timeoutMs });
    const value = `Bearer ${token}`;
    tokens.set(scopes, { value, until: now() + seconds * 1000 * SHARE_OF_LIFE });
    return value;
  };
  return {
    authorization: (access) => {
      if (method.isBasic()) return basic();
      const scopes = renderScopes(access);
      const known = tokens.get(scopes);
      if (known !== undefined && known.until > now()) return known.value;
      // Requests for one repository that begin at the same time share one token.
      const started = underWay.get(scopes) ?? get(scopes).finally(() => underWay.delete(scopes));
      underWay.set(scopes, started);
      return started;
    },
    forget: () => {
      tokens.clear();
      method.forget();
    },
    close: () => method.forget(),
  };
}

interface KeptToken {
  readonly value: string;
  readonly until: number;
}

/** Learns the method of the registry once. A failure is not remembered. */
function createMethod(options: BackendLoginOptions) {
  let asked: Promise<LoginMethod> | undefined;
  let known: LoginMethod | undefined;
  return {
    isBasic: (): boolean => known?.kind === 'basic',
    learn: (): Promise<LoginMethod> => {
      asked ??= findLoginMethod(options).then(
        (found) => (known = found),
        (error: unknown) => {
          asked = undefined;
          throw error;
        },
      );
      return asked;
    },
    forget: (): void => {
      if (known?.kind === 'bearer') known.place.close();
      asked = undefined;
      known = undefined;
    },
  };
}
