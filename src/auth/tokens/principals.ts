import type { Holder } from './store/holder.ts';
import type { IdentityStore } from './store/identity-store.ts';
import type { TokenStore } from './store/token-store.ts';

export interface CredentialsOptions {
  /** The user's stored hash, undefined for somebody who is not in the users file. */
  readonly entryOf: (user: string) => string | undefined;
  readonly tokens: Pick<TokenStore, 'current'>;
  /** Undefined where identity tokens are switched off. */
  readonly identities: Pick<IdentityStore, 'credentialOf'> | undefined;
  /** Whether any rule speaks of people who have not signed in. */
  readonly anonymous: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The credentials behind holders, as they are at this moment. */
export interface Credentials {
  /** A text that changes with the credential; undefined once it is gone. What access tokens hang on. */
  credentialOf(holder: Holder): string | undefined;
  /** Whether a holder may come from this address: a machine token may be bound to networks. */
  admits(holder: Holder, address: string): boolean;
}

export function createCredentials(options: CredentialsOptions): Credentials {
  const { entryOf, tokens, identities, anonymous, now } = options;

  const ofUser = (user: string, device: string | undefined): string | undefined => {
    const entry = entryOf(user);
    if (entry === undefined || device === undefined) return entry && `user ${entry}`;
    const credential = identities?.credentialOf(device, user);
    return credential && `device ${credential} ${entry}`;
  };
  const ofMachine = (name: string, id: string): string | undefined => {
    const token = tokens.current().find(id, now());
    return token?.name === name ? `machine ${token.hash}` : undefined;
  };

  return {
    credentialOf: (holder) => {
      if (holder.kind === 'user') return ofUser(holder.user, holder.device);
      if (holder.kind === 'token') return ofMachine(holder.name, holder.id);
      return anonymous() ? 'anonymous' : undefined;
    },
    admits: (holder, address) => holder.kind !== 'token' || tokens.current().admits(holder.id, address),
  };
}
