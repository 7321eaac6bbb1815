import type { KeyObject, X509Certificate } from 'node:crypto';
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
  authorityConstraints,
  authorityKeyUsage,
} from '../x509/extensions.ts';
import { keyToPem, makeKey, type KeyKind } from '../x509/key-pair.ts';
import { nameConstraints } from '../x509/name-constraints.ts';
import type { SubjectName } from '../x509/subject-names.ts';
import { serialNumber, validityFrom, type RandomSource, type Validity } from './validity.ts';
import type { NameConstraints } from '../x509/name-constraints.ts';

interface AuthorityOptions {
  /** The host in the name of the CA. */
  readonly host: string;
  readonly keyKind: KeyKind;
  readonly days: number;
  readonly constraints: NameConstraints | undefined;
  /** Whether it replaces another CA, from which its name must differ. */
  readonly isSuccessor?: boolean | undefined;
  readonly now: Date;
  readonly random: RandomSource;
}

/** Makes a CA that signs certificates, revocation lists, and one CA below it: its successor (pathlen 1). */
export async function makeAuthority(options: AuthorityOptions): Promise<Pair> {
  const { privateKey, publicKey } = await makeKey(options.keyKind);
  const day = options.now.toISOString().slice(0, 10);
  const tail = options.isSuccessor === true ? ` ${mark(options.random)}` : '';
  const name = distinguishedName(`registry-gate CA ${options.host.slice(0, 64 - 37)} ${day}${tail}`);
  const template = {
    serial: serialNumber(options.random),
    issuer: name,
    subject: name,
    ...validityFrom(options.now, options.days),
    publicKey,
    extensions: [
      authorityConstraints(1),
      authorityKeyUsage(),
      subjectKeyIdentifier(publicKey),
      ...(options.constraints === undefined ? [] : [nameConstraints(options.constraints)]),
    ],
  };
  return { key: keyToPem(privateKey), certificate: signCertificate(template, privateKey) };
}

/** Eight digits that tell two CAs of one day apart: clients find a CA by its name. */
function mark(random: RandomSource): string {
  return random(4).toString('hex').slice(0, 8);
}

/** The certificate of another CA as this one signs it, so that whoever trusts this one accepts what the other signs. PEM. */
export function crossSign(
  old: Authority,
  next: X509Certificate,
  { now, random }: { readonly now: Date; readonly random: RandomSource },
): string {
  const end = new Date(Math.min(old.certificate.validToDate.getTime(), next.validToDate.getTime()));
  const template = {
    serial: serialNumber(random),
    issuer: certificateParts(old.certificate).subject,
    subject: certificateParts(next).subject,
    notBefore: validityFrom(now, 1).notBefore,
    notAfter: end,
    publicKey: next.publicKey,
    extensions: [
      authorityConstraints(0),
      authorityKeyUsage(),
      subjectKeyIdentifier(next.publicKey),
      authorityKeyIdentifier(old.certificate),
    ],
  };
  return signCertificate(template, old.key);
}

interface LeafOptions {
  readonly names: readonly SubjectName[];
  readonly keyKind: KeyKind;
  /** The new key gets the size or curve of this public key. */
  readonly like?: KeyObject | undefined;
  readonly days: number;
  readonly now: Date;
  readonly random: RandomSource;
}

/**
 * Makes a key and a server certificate for these names, signed by a CA of readSigner, which must be permitted to sign
 * them (checkPermitted). The certificate expires no later than the CA.
 */
export async function makeLeaf(authority: Authority, options: LeafOptions): Promise<Pair> {
  const { names, keyKind, now } = options;
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

function within({ notBefore, notAfter }: Validity, end: Date): Validity {
  return { notBefore, notAfter: notAfter < end ? notAfter : end };
}

/** The first DNS name of at most 64 characters, never an address: some verifiers apply constraints on DNS names to a common name. */
function commonName(names: readonly SubjectName[]): string | undefined {
  return names.find(({ kind, value }) => kind === 'dns' && value.length <= 64)?.value;
}

/**
 * A self-signed P-256 certificate for signing tokens that a registry checks (distribution's `rootcertbundle`), and its
 * key. Give it the lifetime of a CA: the registry reads its bundle only at start, and refuses every token once the
 * certificate has expired.
 */
export async function makeTokenCertificate(now: Date, days: number, random?: RandomSource): Promise<Pair> {
  const { privateKey, publicKey } = await makeKey('ecdsa');
  const name = distinguishedName('registry-gate token signing');
  const template = {
    serial: serialNumber(random),
    issuer: name,
    subject: name,
    ...validityFrom(now, days),
    publicKey,
    extensions: [leafConstraints(), leafKeyUsage('ecdsa'), subjectKeyIdentifier(publicKey)],
  };
  return { key: keyToPem(privateKey), certificate: signCertificate(template, privateKey) };
}
