import { AppError } from '../../lib/errors.ts';
import { failureReason } from '../../lib/files/followed-file.ts';
import type { Ending } from '../../lib/ending.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Access } from '../../oci/request/scope.ts';
import { createAccessTokens, type AccessTokens } from './access-tokens.ts';
import { createOwnTokens, type OwnTokens } from './own-tokens.ts';
import { createPrincipals, type Principals } from './principals.ts';
import { UNGUARDED, type Guard } from '../abuse/guard.ts';
import type { UserDirectory } from '../directory.ts';
import type { Principal } from '../principal.ts';
import { openIdentityStore, type IdentityStore } from './store/identity-store.ts';
import { openKeyRing, type KeyRing, type KeyState } from './store/key-ring.ts';
import { isAlive } from './store/machine-token.ts';
import { createSignInCheck, type PasswordCheck, type SignInCheck } from './sign-in.ts';
import { statePaths } from './store/state-paths.ts';
import type { TokenAnswer } from './token-answer.ts';
import type { FormOutcome } from './token-form.ts';
import { createTokenService, type TokenClient } from './token-service.ts';
import { openTokenStore, type TokenStore } from './store/token-store.ts';
import { openUseLog, type UseLog, type Uses } from './store/use-log.ts';

interface TokensOptions {
  /** The state directory. */
  readonly state: string;
  /** The audience of access tokens, as in the challenge. */
  readonly service: string;
  /** The realm of the Basic challenge in a refusal at `/token`. */
  readonly realm: string;
  readonly lifetimeSeconds?: number;
  /** Whether devices get identity tokens. */
  readonly identityTokens?: boolean;
  readonly directory: Pick<UserDirectory, 'credentialVersion' | 'groups'>;
  /** Verifies the passwords of the directory. */
  readonly passwords: PasswordCheck;
  /** Returns the part of the requested access that a principal has at this address. */
  readonly grants: (principal: Principal, asked: readonly Access[], address: string) => readonly Access[];
  /** Reports whether a rule is for anonymous clients. */
  readonly anonymous: () => boolean;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Throttles the verification of passwords and tokens. */
  readonly guard?: Guard | undefined;
  /** Called with the reason why the machine tokens were not reloaded. */
  readonly onDamage?: (error: unknown) => void;
  /** The other processes of this gate, if there are any. */
  readonly others?: OtherTokens | undefined;
}

/** A token and its account, `token:ci` or `alice`. */
export interface NamedToken {
  readonly id: string;
  readonly name: string;
  readonly isMachine: boolean;
  /** Reports whether the token has expired. */
  hasEnded(): boolean;
}

/** Synchronises the tokens of the processes of one gate. */
export interface OtherTokens {
  /** The keys of tokens if none can be stored. */
  readonly spareKeys: KeyState | undefined;
  /** Called after a key or a token was stored. Each process must call `reload` before a client can send it such a token. */
  readonly onStored: () => Promise<unknown>;
  /** Called with the uses of tokens in this process. The others call `learnUses`. */
  readonly onUses: (uses: Uses) => void;
}

/** The tokens of a gate. */
export interface Tokens {
  /** Verifies a name with a password or with the secret of a machine. */
  readonly check: SignInCheck;
  /** Verifies a Bearer token. */
  readonly access: Pick<AccessTokens, 'remembered' | 'verify'>;
  /** The identity tokens; undefined where they are switched off. */
  readonly devices: Pick<IdentityStore, 'ofUser' | 'newest' | 'revoke'> | undefined;
  /** The machine tokens that users make. */
  readonly own: OwnTokens;
  /** Answers a request to `/token`. */
  readonly answer: (asked: FormOutcome, client: TokenClient) => Promise<TokenAnswer>;
  /** The keys, whose fingerprints show whether a credential has changed. */
  readonly keys: Pick<KeyRing, 'fingerprint' | 'signer'>;
  /** Counts an invalid Bearer token. The answer stays the same, since a client has to learn that its token has expired. */
  noteWrong(token: string, address: string): void;
  /** Brings a principal of `check` or `access` up to date, for each request. See `Principals`. */
  readonly admit: Principals['admit'];
  /** Returns the tokens that are valid now. */
  alive(): readonly NamedToken[];
  /** The files to watch. */
  readonly paths: readonly string[];
  /** Reads the files again. A damaged one is logged and changes nothing. Resolves to its error. Never rejects. */
  reload(): Promise<unknown>;
  /** Adds the uses that another process has seen. */
  learnUses(uses: Uses): void;
  /** Returns when the machine tokens end, including those that have ended. */
  endings(): readonly Ending[];
  close(): Promise<void>;
}

/** The `iss` claim of every token. */
export const ISSUER = 'registry-gate';

/** Opens the tokens. Throws AppError STATE_INVALID, FILE_UNWRITABLE, LOCK_TIMEOUT. */
export async function openTokens(options: TokensOptions): Promise<Tokens> {
  const { logger, now, realm, service, anonymous, grants, guard = UNGUARDED } = options;
  const paths = statePaths(options.state);
  const store = await openTokenStore({ path: paths.machineTokens });
  const keys = await openKeys(options, paths.keys);
  const { uses, identities } = await openDevices(options, { store, keys });
  const principals = createPrincipals({ ...options, tokens: store, identities });
  const access = createAccessTokens({ ...options, keys, issuer: ISSUER, principals });
  const check = createSignInCheck({ ...options, tokens: store, uses, principals, guard });
  const onError = failure(logger, 'no identity token was given out');

  return {
    check,
    access,
    keys,
    devices: identities,
    own: createOwnTokens({ ...options, path: paths.machineTokens, store, keys, uses, ...storing(options) }),
    answer: createTokenService({
      service,
      realm,
      tokens: access,
      check,
      guard,
      identities,
      principals,
      grants,
      anonymous,
      onError,
    }),
    noteWrong: (token, address) => void guard.wrongToken(token, address).catch(() => undefined),
    admit: principals.admit,
    paths: [paths.machineTokens, paths.identityTokens, paths.keys],
    reload: () => reloadAll(options, { store, keys, identities }),
    alive: () => listAlive(store, identities, now),
    learnUses: (seen) => uses.learn(seen),
    endings: () => endingsOf(store),
    close: () => uses.close(),
  };
}

/** Resolves to the first error, or undefined. */
async function reloadAll(options: TokensOptions, { store, keys, identities }: Reloaded): Promise<unknown> {
  const { logger } = options;
  const result = await store.reload();
  if (!result.ok) sayDamaged(result.error, options);
  const errors = [
    result.ok ? undefined : result.error,
    await keys.reload().catch(failure(logger, 'keys of tokens not reloaded')),
    await identities?.reload().catch(failure(logger, 'identity tokens not reloaded')),
  ];
  return errors.find((error) => error !== undefined);
}

interface Reloaded {
  readonly store: Pick<TokenStore, 'reload'>;
  readonly keys: Pick<KeyRing, 'reload'>;
  readonly identities: Pick<IdentityStore, 'reload'> | undefined;
}

function sayDamaged(error: unknown, { logger, onDamage }: TokensOptions): void {
  logger.error({ reason: failureReason(error) }, 'tokens not reloaded');
  onDamage?.(error);
}

function endingsOf({ current }: TokenStore): readonly Ending[] {
  return current().all.flatMap(({ id, name, expires }) =>
    expires === null
      ? []
      : [{ kind: 'machine token' as const, name: `token ${id} of ${name}`, notAfter: new Date(expires) }],
  );
}

function listAlive(
  { current }: TokenStore,
  identities: IdentityStore | undefined,
  now: () => number,
): readonly NamedToken[] {
  const machines = current().all.filter((token) => isAlive(token, now()));
  return [
    ...machines.map((token) => ({
      id: token.id,
      name: `token:${token.name}`,
      isMachine: true,
      hasEnded: () => !isAlive(token, now()),
    })),
    ...(identities?.current() ?? []).map(({ id, user }) => ({
      id,
      name: user,
      isMachine: false,
      hasEnded: () => false,
    })),
  ];
}

async function openKeys(options: TokensOptions, path: string): Promise<KeyRing> {
  const { logger, now, others } = options;
  const onError = failure(logger, 'keys of tokens not stored');
  const keys = await openKeyRing({ path, now, onError, ...storing(options), spare: others?.spareKeys });
  if (keys.exposed) logger.warn({ file: path }, 'others than its owner may open it: chmod 600');
  return keys;
}

/** Opens the identity tokens, and the log of the uses of machine and identity tokens. */
async function openDevices(
  options: TokensOptions,
  { store, keys }: { readonly store: TokenStore; readonly keys: KeyRing },
): Promise<{ readonly uses: UseLog; readonly identities: IdentityStore | undefined }> {
  const { state, directory, logger, now, identityTokens = true, others } = options;
  const paths = statePaths(state);
  let identities: IdentityStore | undefined;
  const isMachine = (id: string): boolean => store.current().find(id, now()) !== undefined;
  const uses = await openUseLog({
    path: paths.uses,
    now,
    // While identity tokens are switched off, their store is closed, but their uses are kept.
    isKnown: (id) => isMachine(id) || (identities?.has(id) ?? id.startsWith('d-')),
    onError: failure(logger, 'last uses of tokens not kept'),
    ...(others && { onUses: others.onUses }),
  });
  if (identityTokens) {
    identities = await openIdentityStore({
      path: paths.identityTokens,
      keys,
      uses,
      directory,
      now,
      ...storing(options),
    });
  }
  return { uses, identities };
}

function storing({ others }: TokensOptions): { readonly onStored?: () => Promise<unknown> } {
  return others === undefined ? {} : { onStored: others.onStored };
}

function failure(logger: Logger, message: string): (error: unknown) => unknown {
  return (error) => {
    logger.error({ reason: error instanceof AppError ? error.message : String(error) }, message);
    return error;
  };
}
