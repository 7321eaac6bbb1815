import type { X509Certificate } from 'node:crypto';
import { certificateParts, readSequence, readValue, type DerValue } from './der-reader.ts';

/** What a key may be used for by the keyUsage extension (RFC 5280 section 4.2.1.3). */
type KeyUsage = 'digitalSignature' | 'keyEncipherment' | 'keyAgreement' | 'keyCertSign';

/** What a certificate says about its use, as a verifier reads it. */
export interface CertificateTraits {
  readonly version: number;
  /** By basicConstraints; undefined if it has none. */
  readonly isAuthority: boolean | undefined;
  /** How many CA certificates may stand below it; undefined for any number. */
  readonly pathLength: number | undefined;
  /** Undefined if keyUsage is absent: then every use is allowed. */
  readonly usages: ReadonlySet<KeyUsage> | undefined;
  /** Object identifiers of extendedKeyUsage; undefined if it is absent: then every use is allowed. */
  readonly purposes: ReadonlySet<string> | undefined;
  /** Whether it has a critical extension that verifiers do not know, and must therefore reject. */
  readonly hasUnknownCritical: boolean;
}

/** Contents of object identifiers, in hexadecimal. */
const ID = {
  keyUsage: '551d0f',
  basicConstraints: '551d13',
  extendedKeyUsage: '551d25',
} as const;

/** Contents of the purposes: 1.3.6.1.5.5.7.3.1, and 2.5.29.37.0, which allows any. */
export const PURPOSE = { server: '2b06010505070301', any: '551d2500' } as const;

/** subjectKeyIdentifier to inhibitAnyPolicy (2.5.29.14 to 54), and authorityInfoAccess. */
const KNOWN = /^(551d(?:0e|0f|11|12|13|1e|1f|20|21|23|24|25|36)|2b06010505070101)$/;

const USAGE_BITS: Readonly<Record<KeyUsage, number>> = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyAgreement: 0x08,
  keyCertSign: 0x04,
};
const TAG = { boolean: 0x01, integer: 0x02 } as const;

/** Reads the extensions that say what a certificate may be used for. */
export function traitsOf(certificate: X509Certificate): CertificateTraits {
  const { version, extensions, critical } = certificateParts(certificate);
  const constraints = extensions.get(ID.basicConstraints);
  const members = constraints === undefined ? undefined : readSequence(constraints);
  const purposes = extensions.get(ID.extendedKeyUsage);
  const usage = extensions.get(ID.keyUsage);
  return {
    version,
    isAuthority: members?.some(isTrue),
    pathLength: pathLengthOf(members),
    usages: usage && usagesOf(usage),
    purposes: purposes && new Set(readSequence(purposes).map(({ content }) => content.toString('hex'))),
    hasUnknownCritical: [...critical].some((id) => !KNOWN.test(id)),
  };
}

function isTrue({ tag, content }: DerValue): boolean {
  return tag === TAG.boolean && content.readUInt8(0) !== 0;
}

function pathLengthOf(members: readonly DerValue[] | undefined): number | undefined {
  const length = members?.find(({ tag }) => tag === TAG.integer)?.content;
  return length === undefined ? undefined : length.readUIntBE(0, Math.min(length.length, 6));
}

function usagesOf(der: Buffer): ReadonlySet<KeyUsage> {
  // A BIT STRING: how many bits of the last byte do not count, then the bits.
  const bits = readValue(der).content.subarray(1).at(0) ?? 0;
  const names: readonly KeyUsage[] = ['digitalSignature', 'keyEncipherment', 'keyAgreement', 'keyCertSign'];
  return new Set(names.filter((name) => (bits & USAGE_BITS[name]) !== 0));
}
