import { isListOf, isMoment, isRecord, isText, type StateFile } from './state-file.ts';

/** The identity token of a device, as it is stored. */
export interface IdentityToken {
  readonly id: string;
  readonly user: string;
  readonly hash: string;
  /** Keyed fingerprint of the version that the user's credential had at sign-in. */
  readonly fingerprint: string;
  readonly client: string;
  readonly agent: string;
  readonly address: string;
  readonly created: string;
}

/** The content of `identity-tokens.json`. */
export interface IdentityTokenState {
  readonly version: 1;
  readonly tokens: readonly IdentityToken[];
}

/** The file of the identity tokens. */
export function identityTokensFile(path: string): StateFile<IdentityTokenState> {
  return { path, empty: { version: 1, tokens: [] }, isState };
}

function isState(value: unknown): value is IdentityTokenState {
  return isRecord(value) && value['version'] === 1 && isListOf(isIdentityToken, value['tokens']);
}

function isIdentityToken(value: unknown): value is IdentityToken {
  if (!isRecord(value)) return false;
  const { id, user, hash, fingerprint, client, agent, address, created } = value;
  return [id, user, hash, fingerprint, client, agent, address].every(isText) && isMoment(created);
}
