import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import type { Extension } from './certificate-der.ts';
import {
  bitString,
  boolean,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  taggedBytes,
} from './certificate-der.ts';
import { certificateParts, publicKeyBits, readValue } from './der-reader.ts';
import { ipBytes } from './ip-address.ts';
import type { KeyKind } from './key-pair.ts';
import type { SubjectName } from './subject-names.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
/** Content of 2.5.29.14. */
const SUBJECT_KEY_IDENTIFIER = '551d0e';

/** Names and addresses, each in its own type: clients compare an address only with iPAddress entries (RFC 6125, RFC 5280 section 4.2.1.6). */
export function subjectAltName(names: readonly SubjectName[]): Extension {
  const general = names.map(({ kind, value }) =>
    kind === 'dns' ? taggedBytes(2, Buffer.from(value, 'ascii')) : taggedBytes(7, ipBytes(value)),
  );
  return { id: '2.5.29.17', critical: false, value: sequence(...general) };
}

/** A CA with at most so many CAs below it. */
export function authorityConstraints(below: number): Extension {
  return { id: '2.5.29.19', critical: true, value: sequence(boolean(true), integer(Buffer.from([below]))) };
}

/** Not a CA: the default of the field, so that the sequence is empty. */
export function leafConstraints(): Extension {
  return { id: '2.5.29.19', critical: true, value: sequence() };
}

/** keyCertSign and cRLSign. */
export function authorityKeyUsage(): Extension {
  return { id: '2.5.29.15', critical: true, value: bitString(Buffer.from([0b0000_0110]), 1) };
}

/** digitalSignature, and keyEncipherment for RSA. */
export function leafKeyUsage(kind: KeyKind): Extension {
  const value = kind === 'rsa' ? bitString(Buffer.from([0b1010_0000]), 5) : bitString(Buffer.from([0x80]), 7);
  return { id: '2.5.29.15', critical: true, value };
}

export function serverAuth(): Extension {
  return { id: '2.5.29.37', critical: false, value: sequence(objectIdentifier(SERVER_AUTH)) };
}

export function subjectKeyIdentifier(key: KeyObject): Extension {
  return { id: '2.5.29.14', critical: false, value: octetString(keyIdentifier(key)) };
}

/** The key identifier of the CA, computed from its key if the CA has none. */
export function authorityKeyIdentifier(authority: X509Certificate): Extension {
  const own = certificateParts(authority).extensions.get(SUBJECT_KEY_IDENTIFIER);
  const identifier = own === undefined ? keyIdentifier(authority.publicKey) : readValue(own).content;
  return { id: '2.5.29.35', critical: false, value: sequence(taggedBytes(0, identifier)) };
}

/** The left 160 bits of the SHA-256 of the key (RFC 7093 section 2, method 1). */
function keyIdentifier(key: KeyObject): Buffer {
  const bits = publicKeyBits(key.export({ type: 'spki', format: 'der' }));
  return createHash('sha256').update(bits).digest().subarray(0, 20);
}
