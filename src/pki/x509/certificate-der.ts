import { sign, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { readValue } from './der-reader.ts';

const { asn1 } = forge;
const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class;
const { Type } = asn1;

/** A piece of DER under construction. */
export type DerNode = forge.asn1.Asn1;

/** One extension: its object identifier and the value that goes into the OCTET STRING. */
export interface Extension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: DerNode;
}

/** The content of a certificate before it is signed (TBSCertificate, RFC 5280 section 4.1.2). */
interface CertificateTemplate {
  /** Big-endian, positive, shortest form. */
  readonly serial: Buffer;
  /** Names in DER: see distinguishedName. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Extension[];
}

const OID = {
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  sha256WithRsa: '1.2.840.113549.1.1.11',
} as const;

/** Builds the certificate, signs it with SHA-256 and the key of the issuer (RSA or EC), and returns it as PEM. */
export function signCertificate(template: CertificateTemplate, issuerKey: KeyObject): string {
  return toPem('CERTIFICATE', signDer(tbsCertificate(template, signatureAlgorithm(issuerKey)), issuerKey));
}

/** What X.509 signs: the content, the algorithm, which the content must name too, and the signature. */
export function signDer(content: DerNode, issuerKey: KeyObject): Buffer {
  const body = toDer(content);
  const signature = sign('sha256', body, issuerKey);
  return toDer(sequence(opaque(body), signatureAlgorithm(issuerKey), bitString(signature)));
}

/** A Name (RFC 5280 section 4.1.2.4) in DER: the organisation registry-gate and, if given, a common name of at most 64 characters. */
export function distinguishedName(commonName?: string): Buffer {
  const parts = [attribute(OID.organization, 'registry-gate')];
  if (commonName !== undefined) parts.push(attribute(OID.commonName, commonName));
  return toDer(sequence(...parts));
}

export function sequence(...members: DerNode[]): DerNode {
  return asn1.create(UNIVERSAL, Type.SEQUENCE, true, members);
}

export function octetString(content: Buffer): DerNode {
  return primitive(Type.OCTETSTRING, content);
}

export function objectIdentifier(id: string): DerNode {
  return asn1.create(UNIVERSAL, Type.OID, false, asn1.oidToDer(id).getBytes());
}

export function boolean(value: boolean): DerNode {
  return primitive(Type.BOOLEAN, Buffer.from([value ? 0xff : 0]));
}

/** NULL. */
export function nothing(): DerNode {
  return primitive(Type.NULL, Buffer.alloc(0));
}

export function integer(bigEndian: Buffer): DerNode {
  return primitive(Type.INTEGER, bigEndian);
}

/** An ENUMERATED below 128. */
export function enumerated(value: number): DerNode {
  return primitive(Type.ENUMERATED, Buffer.from([value]));
}

/** A BIT STRING; `unusedBits` says how many of the last byte do not count. */
export function bitString(content: Buffer, unusedBits = 0): DerNode {
  return primitive(Type.BITSTRING, Buffer.concat([Buffer.from([unusedBits]), content]));
}

/** An implicitly tagged primitive: `[2] dNSName`, `[7] iPAddress`. */
export function taggedBytes(tag: number, content: Buffer): DerNode {
  return asn1.create(CONTEXT_SPECIFIC, tag, false, content.toString('latin1'));
}

/** A constructed context tag: `[0] { ... }`. */
export function tagged(tag: number, ...members: DerNode[]): DerNode {
  return asn1.create(CONTEXT_SPECIFIC, tag, true, members);
}

export function toDer(node: DerNode): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

function tbsCertificate(template: CertificateTemplate, algorithm: DerNode): DerNode {
  const { serial, issuer, subject, notBefore, notAfter, publicKey } = template;
  return sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    opaque(issuer),
    sequence(time(notBefore), time(notAfter)),
    opaque(subject),
    opaque(publicKey.export({ type: 'spki', format: 'der' })),
    tagged(3, extensions(template.extensions)),
  );
}

/** Extensions of a certificate, a CRL or an entry of a CRL. */
export function extensions(list: readonly Extension[]): DerNode {
  return sequence(...list.map(extensionNode));
}

function extensionNode({ id, critical, value }: Extension): DerNode {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(id), ...flag, octetString(toDer(value)));
}

/** SHA-256 with the key of the issuer. */
export function signatureAlgorithm(issuerKey: KeyObject): DerNode {
  if (issuerKey.asymmetricKeyType === 'ec') return sequence(objectIdentifier(OID.ecdsaWithSha256));
  return sequence(objectIdentifier(OID.sha256WithRsa), nothing());
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function time(date: Date): DerNode {
  return date.getUTCFullYear() < 2050
    ? asn1.create(UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : asn1.create(UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}

function attribute(id: string, value: string): DerNode {
  const pair = sequence(objectIdentifier(id), primitive(Type.UTF8, Buffer.from(value, 'utf8')));
  return asn1.create(UNIVERSAL, Type.SET, true, [pair]);
}

function primitive(type: forge.asn1.Type, content: Buffer): DerNode {
  return asn1.create(UNIVERSAL, type, false, content.toString('latin1'));
}

/** Includes existing DER byte for byte. */
export function opaque(der: Buffer): DerNode {
  const { tag, content } = readValue(der);
  return asn1.create(UNIVERSAL, tag, false, content.toString('latin1'));
}

export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
