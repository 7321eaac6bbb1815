import { loadFile, type LoadedFile } from '../../../lib/files/followed-file.ts';
import { isInside, readNetworks } from '../../../lib/network.ts';
import type { SentCredentials } from '../../basic-credentials.ts';
import { isAlive, machineTokensFile, type MachineToken } from './machine-token.ts';
import { readSecret } from './secret-text.ts';
import { readState } from './state-file.ts';

/** The machine tokens of a file at one moment. It never changes. */
interface MachineTokens {
  readonly all: readonly MachineToken[];
  /** Returns the token with this id, if it is alive. */
  find(id: string, now: number): MachineToken | undefined;
  /** Reports whether a token may be used from this address. */
  admits(id: string, address: string): boolean;
  /** Returns the token with this name and secret, if it is alive and may be used from this address. */
  authenticate(sent: SentCredentials, now: number): MachineToken | undefined;
}

export type TokenStore = LoadedFile<MachineTokens>;

/**
 * Opens the machine tokens for a server. A missing file, at start or later, holds none. A damaged file throws AppError
 * STATE_INVALID at start; at a reload it leaves the tokens as they are.
 */
export function openTokenStore({ path }: { readonly path: string }): Promise<TokenStore> {
  const file = machineTokensFile(path);
  return loadFile(async () => createMachineTokens((await readState(file)).state.tokens));
}

/** Indexes machine tokens. */
export function createMachineTokens(all: readonly MachineToken[]): MachineTokens {
  const byId = new Map(all.map((token) => [token.id, token]));
  const byHash = new Map(all.map((token) => [token.hash, token]));
  const checks = new Map(all.map((token) => [token.id, admission(token.networks)]));
  const admits = (id: string, address: string): boolean => checks.get(id)?.(address) ?? false;
  const alive = (token: MachineToken | undefined, now: number): MachineToken | undefined =>
    token !== undefined && isAlive(token, now) ? token : undefined;
  return {
    all,
    admits,
    find: (id, now) => alive(byId.get(id), now),
    authenticate: ({ user, password, address }, now) => {
      const hash = readSecret('machine', password.reveal());
      const token = hash === undefined ? undefined : alive(byHash.get(hash), now);
      return token !== undefined && token.name === user && admits(token.id, address) ? token : undefined;
    },
  };
}

/** Returns a function that reports whether an address is in one of the networks; with an empty list, every address is. An unreadable network holds no address. */
function admission(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true;
  const readable = readNetworks(networks);
  return (address) => isInside(address, readable);
}
