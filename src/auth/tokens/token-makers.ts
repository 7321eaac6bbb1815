import type { UserDirectory } from '../directory.ts';
import type { KeyRing } from './store/key-ring.ts';
import type { MachineToken } from './store/machine-token.ts';

interface TokenMakersOptions {
  readonly directory: Pick<UserDirectory, 'credentialVersion'>;
  readonly keys: Pick<KeyRing, 'fingerprint'>;
}

/** Compares the makers of tokens with the users of this moment. A token that no user made passes all. */
interface TokenMakers {
  /** The fingerprint of a user's credential; undefined for a name that does not exist. */
  fingerprintOf(user: string): string | undefined;
  isGone(token: MachineToken): boolean;
  /** Reports whether the maker is gone, or has another credential than the token says. */
  isStranger(token: MachineToken): boolean;
  /** The token with the credential of its maker at this moment: the very same one if that has not changed. */
  renewed(token: MachineToken): MachineToken;
}

export function createTokenMakers({ directory, keys }: TokenMakersOptions): TokenMakers {
  const fingerprintOf = (user: string): string | undefined => {
    const version = directory.credentialVersion(user);
    return version === undefined ? undefined : keys.fingerprint(version);
  };
  return {
    fingerprintOf,
    isGone: ({ maker }) => maker !== undefined && fingerprintOf(maker) === undefined,
    isStranger: ({ maker, makerFingerprint }) =>
      maker !== undefined && (makerFingerprint === undefined || fingerprintOf(maker) !== makerFingerprint),
    renewed: (token) => {
      const makerFingerprint = token.maker === undefined ? undefined : fingerprintOf(token.maker);
      return makerFingerprint === token.makerFingerprint ? token : { ...token, makerFingerprint };
    },
  };
}
