import type { KeyObject } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import type { Authority } from './authority.ts';
import type { Pair } from './cert-store.ts';
import { distinguishedName, signCertificate } from '../x509/certificate-der.ts';
import { certificateParts } from '../x509/der-reader.ts';
import {
  authorityKeyIdentifier,
  leafConstraints,
  leafKeyUsage,
  serverAuth,
  subjectAltName,
  subjectKeyIdentifier,
} from '../x509/extensions.ts';
import type { KeyKind } from '../x509/key-pair.ts';
import { keyToPem, makeKey } from '../x509/key-pair.ts';
import { describeConstraints, namesOutside } from '../x509/name-constraints.ts';
import type { SubjectName } from '../x509/subject-names.ts';
import type { RandomSource, Validity } from './validity.ts';
import { serialNumber, validityFrom } from './validity.ts';

export interface LeafOptions {
  readonly names: readonly SubjectName[];
  readonly keyKind: KeyKind;
  /** A public key whose size or curve the new key shall have. */
  readonly like?: KeyObject | undefined;
  readonly days: number;
  readonly now: Date;
  readonly random: RandomSource;
}

/**
 * Makes a key and a server certificate for these names, signed by this CA, that does not outlive it.
 * The CA is one of readSigner. Throws AppError HOST_INVALID where it must not sign one of the names.
 */
export async function makeLeaf(authority: Authority, options: LeafOptions): Promise<Pair> {
  const { names, keyKind, now } = options;
  checkNames(authority, names);
  const { privateKey, publicKey } = await makeKey(keyKind, options.like);
  const template = {
    serial: serialNumber(options.random),
    issuer: certificateParts(authority.certificate).subject,
    subject: distinguishedName(commonName(names)),
    ...within(validityFrom(now, options.days), authority.certificate.validToDate),
    publicKey,
    extensions: [
      subjectAltName(names),
      leafConstraints(),
      leafKeyUsage(keyKind),
      serverAuth(),
      subjectKeyIdentifier(publicKey),
      authorityKeyIdentifier(authority.certificate),
    ],
  };
  return { key: keyToPem(privateKey), certificate: signCertificate(template, authority.key) };
}

function checkNames({ certificate }: Authority, names: readonly SubjectName[]): void {
  const outside = namesOutside(certificate, names);
  if (outside.length > 0) {
    throw new AppError('HOST_INVALID', {
      message: `This CA must not sign ${outside.join(', ')}: it was made with --constrain for ${describeConstraints(certificate) ?? 'other names'}.`,
      hint: 'Leave those names out, or make a new CA in another directory (--certs DIR) and trust it on every client.',
    });
  }
}

function within({ notBefore, notAfter }: Validity, end: Date): Validity {
  return { notBefore, notAfter: notAfter < end ? notAfter : end };
}

/** The first DNS name that fits; none for addresses, since some verifiers hold a common name against the constraints on DNS names. */
function commonName(names: readonly SubjectName[]): string | undefined {
  return names.find(({ kind, value }) => kind === 'dns' && value.length <= 64)?.value;
}
