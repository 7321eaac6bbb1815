import { randomBytes } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { parseAuthority, type Authority } from './authority.ts';
import { readPassphrase, type KeyAccess } from './authority-key.ts';
import type { Pair } from './cert-store.ts';
import { makeAuthority } from './issue.ts';
import type { KeyKind } from '../x509/key-pair.ts';
import {
  constraintsFor,
  namesOutside,
  parseConstraints,
  standardConstraints,
  type NameConstraints,
} from '../x509/name-constraints.ts';
import type { SubjectName } from '../x509/subject-names.ts';
import { LIFETIME, type RandomSource } from './validity.ts';

export interface NewAuthorityOptions extends Pick<KeyAccess, 'passphraseFile'> {
  readonly directory: string;
  readonly now: Date;
  /** Lifetime in days. Default: 3650. */
  readonly authorityDays?: number;
  /** Type of the keys. Default: that of the existing certificate, else ECDSA. */
  readonly keyKind?: KeyKind;
  /**
   * Name constraints: true for the hosts alone, a list like `example.lan,10.0.0.0/8`, or false for none. Default: the
   * hosts, and every private name and address.
   */
  readonly constrain?: boolean | string;
  /** Whether it replaces another CA, from which its name must differ. */
  readonly isSuccessor?: boolean;
  readonly random?: RandomSource;
}

/** The CA to sign with. */
export interface ChosenAuthority {
  readonly authority: Authority;
  /** The pair of a new CA as it is to be written: with a passphrase, its key is encrypted. */
  readonly made?: Pair;
}

/**
 * Makes a CA for these names, and writes nothing. Throws AppError HOST_INVALID if the constraints leave out one of the
 * names, CERT_INVALID if the passphrase can't be read.
 */
export async function newAuthority(
  options: NewAuthorityOptions,
  names: readonly SubjectName[],
): Promise<ChosenAuthority> {
  const { random = randomBytes } = options;
  const constraints = constraintsOf(options, names);
  const made = await makeAuthority({
    host: names[0]?.value ?? '',
    keyKind: options.keyKind ?? 'ecdsa',
    days: options.authorityDays ?? LIFETIME.authority,
    constraints,
    isSuccessor: options.isSuccessor,
    now: options.now,
    random,
  });
  const authority = await parseAuthority(made, options.directory, {});
  const outside = namesOutside(authority.certificate, names);
  if (outside.length === 0) return { authority, made: await protect(made, authority, options) };
  throw new AppError('HOST_INVALID', {
    message: `--constrain leaves out ${outside.join(', ')}, for which the certificate is to be made.`,
    hint: 'Add it to the list, or leave --constrain out: the names of --host are then permitted, and every private name and address.',
  });
}

/** The pair as it is written: with a passphrase, the key is encrypted. */
async function protect(
  made: Pair,
  { key }: Authority,
  { passphraseFile }: NewAuthorityOptions,
): Promise<Pair> {
  if (passphraseFile === undefined) return made;
  const { encryptKey } = await import('../x509/signing/encrypted-key.ts');
  return { ...made, key: await encryptKey(key, await readPassphrase(passphraseFile)) };
}

function constraintsOf(
  { constrain }: NewAuthorityOptions,
  names: readonly SubjectName[],
): NameConstraints | undefined {
  if (constrain === undefined) return standardConstraints(names);
  if (typeof constrain === 'string') return parseConstraints(constrain);
  return constrain ? constraintsFor(names) : undefined;
}
