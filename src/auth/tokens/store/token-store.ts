import { loadFile } from '../../../lib/files/followed-file.ts';
import type { LoadedFile } from '../../../lib/files/followed-file.ts';
import { isInside, parseNetwork } from '../../../lib/network.ts';
import type { SentCredentials } from '../../basic-credentials.ts';
import type { MachineToken } from './machine-token.ts';
import { isAlive, machineTokensFile } from './machine-token.ts';
import { readSecret } from './secret-text.ts';
import { readState } from './state-file.ts';

/** The machine tokens of a file at one moment; never changes. */
export interface MachineTokens {
  readonly all: readonly MachineToken[];
  /** The token with this id, if it is alive. */
  find(id: string, now: number): MachineToken | undefined;
  /** Whether a token may be used from this address. */
  admits(id: string, address: string): boolean;
  /** The token with this name and secret, if it is alive and may be used from this address. */
  authenticate(sent: SentCredentials, now: number): MachineToken | undefined;
}

export type TokenStore = LoadedFile<MachineTokens>;

/**
 * Opens the machine tokens for a server. A file that is not there, at start or later, holds none; one that is damaged
 * throws AppError STATE_INVALID at start, and later leaves the tokens as they are.
 */
export function openTokenStore({ path }: { readonly path: string }): Promise<TokenStore> {
  const file = machineTokensFile(path);
  return loadFile(async () => createMachineTokens((await readState(file)).state.tokens));
}

/** A set of machine tokens, indexed. */
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

/** Tells whether an address lies in one of the networks; with none, every address does. One that can't be read lets nobody in. */
function admission(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true;
  const readable = networks.map(parseNetwork).flatMap((outcome) => (outcome.ok ? [outcome.network] : []));
  return (address) => isInside(address, readable);
}
