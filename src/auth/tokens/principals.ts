import { ANONYMOUS, MACHINE_PREFIX, type Principal, type Proof, type TokenMaker } from '../principal.ts';
import type { UserDirectory } from '../directory.ts';
import type { Access } from '../../oci/request/scope.ts';
import type { IdentityStore } from './store/identity-store.ts';
import { expiryWarning } from './store/lifetime.ts';
import type { MachineToken } from './store/machine-token.ts';
import type { TokenStore } from './store/token-store.ts';

interface PrincipalsOptions {
  readonly directory: Pick<UserDirectory, 'credentialVersion' | 'groups'>;
  readonly tokens: Pick<TokenStore, 'current'>;
  /** Undefined where identity tokens are switched off. */
  readonly identities: Pick<IdentityStore, 'credentialOf'> | undefined;
  /** Whether a rule is for anonymous clients. */
  readonly anonymous: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A principal that may go on, as it is at this moment. */
export interface Admitted {
  readonly kind: 'known';
  readonly principal: Principal;
  /** Says that the machine token ends soon. */
  readonly warning: string | undefined;
}

/** Makes the principal of every client, and knows the credential behind it. */
export interface Principals {
  /** A user by a password. */
  user(name: string): Principal;
  /** A user by the identity token of a device. */
  device(name: string, tokenId: string): Principal;
  machine(token: MachineToken): Principal;
  /** The principal that an access token names by `sub` and `cid`; undefined for claims that no access token of this gate has, and for a machine token that is gone. */
  ofClaims(sub: string, cid: string | undefined, within: readonly Access[]): Principal | undefined;
  /** A text that changes with the credential of the principal; undefined once the credential is gone. Access tokens hold its fingerprint. */
  credentialOf(principal: Principal): string | undefined;
  /** The principal with its groups and its scope of this moment; undefined for a machine token that is gone, whose maker is gone, or that is not for this address. */
  admit(principal: Principal, address: string): Admitted | undefined;
}

type Find = (id: string | undefined) => MachineToken | undefined;

export function createPrincipals(options: PrincipalsOptions): Principals {
  const { directory, tokens, now } = options;
  const find: Find = (id) => {
    const token = id === undefined ? undefined : tokens.current().find(id, now());
    return token !== undefined && isMakerThere(token, directory) ? token : undefined;
  };
  return {
    ...createMakers(directory, find),
    credentialOf: createCredentialLookup(options, find),
    admit: (principal, address) => {
      if (principal.kind !== 'machine') {
        return { kind: 'known', principal: withGroups(principal, directory), warning: undefined };
      }
      const token = find(principal.tokenId);
      if (token === undefined || !tokens.current().admits(token.id, address)) return undefined;
      const scope = token.scope ?? undefined;
      const maker = makerOf(token, directory);
      const isSame = scope === principal.scope && maker?.groups === principal.maker?.groups;
      const current = isSame ? principal : { ...principal, scope, maker };
      return { kind: 'known', principal: current, warning: expiryWarning(token, now()) };
    },
  };
}

function createMakers(
  directory: Pick<UserDirectory, 'groups'>,
  find: Find,
): Omit<Principals, 'credentialOf' | 'admit'> {
  const user = (name: string, proof: Proof, tokenId?: string, within?: readonly Access[]): Principal => ({
    kind: 'user',
    name,
    tokenId,
    groups: directory.groups(name),
    proof,
    within,
  });
  const machine = (token: MachineToken, proof: Proof, within?: readonly Access[]): Principal => ({
    kind: 'machine',
    name: token.name,
    tokenId: token.id,
    scope: token.scope ?? undefined,
    maker: makerOf(token, directory),
    proof,
    within,
  });
  return {
    user: (name) => user(name, 'password'),
    device: (name, tokenId) => user(name, 'identity-token', tokenId),
    machine: (token) => machine(token, 'machine-token'),
    ofClaims: (sub, cid, within) => {
      if (sub === '') return cid === undefined ? { ...ANONYMOUS, proof: 'access-token', within } : undefined;
      if (!sub.startsWith(MACHINE_PREFIX)) return user(sub, 'access-token', cid, within);
      const token = find(cid);
      if (token === undefined || sub !== `${MACHINE_PREFIX}${token.name}`) return undefined;
      return machine(token, 'access-token', within);
    },
  };
}

function createCredentialLookup(
  { directory, identities, anonymous }: PrincipalsOptions,
  find: Find,
): Principals['credentialOf'] {
  const ofUser = (user: string, device: string | undefined): string | undefined => {
    const version = directory.credentialVersion(user);
    if (version === undefined || device === undefined) return version && `user ${version}`;
    const credential = identities?.credentialOf(device, user);
    return credential && `device ${credential} ${version}`;
  };
  return (principal) => {
    if (principal.kind === 'user') return ofUser(principal.name, principal.tokenId);
    if (principal.kind === 'anonymous') return anonymous() ? 'anonymous' : undefined;
    const token = find(principal.tokenId);
    return token?.name === principal.name ? `machine ${token.hash}` : undefined;
  };
}

/** A token that a user made ends with the user. */
function isMakerThere(
  { maker }: MachineToken,
  { credentialVersion }: Pick<UserDirectory, 'credentialVersion'>,
): boolean {
  return maker === undefined || credentialVersion(maker) !== undefined;
}

function makerOf({ maker }: MachineToken, directory: Pick<UserDirectory, 'groups'>): TokenMaker | undefined {
  return maker === undefined ? undefined : { name: maker, groups: directory.groups(maker) };
}

/** The very same principal while its groups have not changed. */
function withGroups(principal: Principal, directory: Pick<UserDirectory, 'groups'>): Principal {
  if (principal.kind !== 'user') return principal;
  const groups = directory.groups(principal.name);
  return groups === principal.groups ? principal : { ...principal, groups };
}
