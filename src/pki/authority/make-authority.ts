import type { Pair } from './cert-store.ts';
import { distinguishedName, signCertificate } from '../x509/certificate-der.ts';
import { authorityConstraints, authorityKeyUsage, subjectKeyIdentifier } from '../x509/extensions.ts';
import { keyToPem, makeKey } from '../x509/key-pair.ts';
import type { KeyKind } from '../x509/key-pair.ts';
import type { NameConstraints } from '../x509/name-constraints.ts';
import { nameConstraints } from '../x509/name-constraints.ts';
import type { RandomSource } from './validity.ts';
import { serialNumber, validityFrom } from './validity.ts';

export interface AuthorityOptions {
  /** The host that the CA's name speaks of. */
  readonly host: string;
  readonly keyKind: KeyKind;
  readonly days: number;
  readonly constraints: NameConstraints | undefined;
  readonly now: Date;
  readonly random: RandomSource;
}

/** Makes a CA: pathlen 0, certificates and revocation lists only, and a name that tells people what it is. */
export async function makeAuthority(options: AuthorityOptions): Promise<Pair> {
  const { privateKey, publicKey } = await makeKey(options.keyKind);
  const day = options.now.toISOString().slice(0, 10);
  const name = distinguishedName(`registry-gate CA ${options.host.slice(0, 64 - 28)} ${day}`);
  const template = {
    serial: serialNumber(options.random),
    issuer: name,
    subject: name,
    ...validityFrom(options.now, options.days),
    publicKey,
    extensions: [
      authorityConstraints(),
      authorityKeyUsage(),
      subjectKeyIdentifier(publicKey),
      ...(options.constraints === undefined ? [] : [nameConstraints(options.constraints)]),
    ],
  };
  return { key: keyToPem(privateKey), certificate: signCertificate(template, privateKey) };
}
