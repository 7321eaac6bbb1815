import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../../src/lib/errors.ts';
import { createAccessTokens, type AccessTokens } from '../../../src/auth/tokens/access-tokens.ts';
import type { UserDirectory } from '../../../src/auth/directory.ts';
import { accountOf, type Principal } from '../../../src/auth/principal.ts';
import { createPrincipals } from '../../../src/auth/tokens/principals.ts';
import { openKeyRing, type KeyRing } from '../../../src/auth/tokens/store/key-ring.ts';
import type { MachineToken } from '../../../src/auth/tokens/store/machine-token.ts';
import { createMachineTokens } from '../../../src/auth/tokens/store/token-store.ts';
import { makeSecret } from '../../../src/auth/tokens/store/secret-text.ts';

export const DAY = 86_400_000;
export const START = Date.parse('2026-03-01T12:00:00.000Z');

/** A clock that stands still until it is moved. */
export class Clock {
  at = START;
  readonly now = (): number => this.at;
}

/** A folder of the test's own, and how to remove it. */
export async function makeFolder(): Promise<{ path: string; close: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'gate-tokens-'));
  return { path, close: () => rm(path, { recursive: true }) };
}

/** The AppError that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error(`no AppError but ${String(error)}`);
  return error;
}

/** A machine token and its secret. */
export function machineToken(more: Partial<MachineToken> = {}): { token: MachineToken; secret: string } {
  const { secret, hash } = makeSecret('machine');
  const created = new Date(START).toISOString();
  const token = { id: 'm-1', name: 'ci', hash, scope: null, networks: [], created, expires: null, ...more };
  return { token, secret: secret.reveal() };
}

export interface Issuing {
  readonly clock: Clock;
  readonly keys: KeyRing;
  readonly tokens: AccessTokens;
  /** Another gate with the same keys, that has seen none of the tokens yet. */
  readonly reader: AccessTokens;
  /** The credentials that are there, by `credentialKey`; to be changed by the test. */
  readonly credentials: Map<string, string>;
}

export const ALICE: Principal = { kind: 'user', name: 'alice', proof: 'password', groups: [] };

/** Names a credential in `Issuing.credentials`. */
export function credentialKey(principal: Principal): string {
  return `${accountOf(principal)} ${('tokenId' in principal && principal.tokenId) || ''}`;
}

/** A directory without groups, of users by their credentials. */
export function directoryOf(
  users: ReadonlyMap<string, string>,
): Pick<UserDirectory, 'credentialVersion' | 'groups'> {
  const groups: readonly string[] = [];
  return { credentialVersion: (user) => users.get(user), groups: () => groups };
}

/** Access tokens over a fresh key, for alice. */
export async function startIssuing(folder: string, more: { cacheBytes?: number } = {}): Promise<Issuing> {
  const clock = new Clock();
  const keys = await openKeyRing({ path: join(folder, 'token-keys.json'), now: clock.now });
  await keys.signer();
  const credentials = new Map([[credentialKey(ALICE), 'hash of alice']]);
  const { ofClaims } = createPrincipals({
    directory: directoryOf(new Map()),
    tokens: { current: () => createMachineTokens([machineToken().token]) },
    identities: undefined,
    anonymous: () => true,
    now: clock.now,
  });
  const credentialOf = (principal: Principal): string | undefined =>
    credentials.get(credentialKey(principal));
  const options = {
    keys,
    issuer: 'registry-gate',
    service: 'gate.test',
    principals: { ofClaims, credentialOf },
    now: clock.now,
    ...more,
  };
  const [tokens, reader] = [createAccessTokens(options), createAccessTokens(options)];
  return { clock, keys, tokens, reader, credentials };
}
