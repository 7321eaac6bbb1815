import type { KeyObject, X509Certificate } from 'node:crypto';
import {
  enumerated,
  extensions,
  integer,
  opaque,
  sequence,
  signatureAlgorithm,
  signDer,
  tagged,
  time,
  toPem,
  type DerNode,
} from '../certificate-der.ts';
import { certificateParts } from '../der-reader.ts';
import { authorityKeyIdentifier } from '../extensions.ts';

/** One certificate that is no longer to be trusted. */
interface RevokedEntry {
  /** Hexadecimal. */
  readonly serial: string;
  readonly at: Date;
  /** The number of the reason (section 5.3.1). */
  readonly reason: number;
}

interface RevocationListTemplate {
  readonly entries: readonly RevokedEntry[];
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Greater than that of the list before. */
  readonly number: number;
}

const ID = { number: '2.5.29.20', reason: '2.5.29.21' } as const;

/** Builds a CRL of version 2 (RFC 5280 section 5.1), signs it with the key of the CA, and returns it as PEM. */
export function signRevocationList(
  { entries, thisUpdate, nextUpdate, number }: RevocationListTemplate,
  authority: { readonly certificate: X509Certificate; readonly key: KeyObject },
): string {
  const { certificate, key } = authority;
  const body = sequence(
    integer(Buffer.from([1])),
    signatureAlgorithm(key),
    opaque(certificateParts(certificate).subject),
    time(thisUpdate),
    time(nextUpdate),
    // An empty list is left out.
    ...(entries.length === 0 ? [] : [sequence(...entries.map(entryNode))]),
    tagged(
      0,
      extensions([
        authorityKeyIdentifier(certificate),
        { id: ID.number, critical: false, value: integer(unsigned(number.toString(16))) },
      ]),
    ),
  );
  return toPem('X509 CRL', signDer(body, key));
}

function entryNode({ serial, at, reason }: RevokedEntry): DerNode {
  const why = { id: ID.reason, critical: false, value: enumerated(reason) };
  return sequence(
    integer(unsigned(serial)),
    time(at),
    // Section 5.3.1: no reason at all rather than 0, unspecified.
    ...(reason === 0 ? [] : [extensions([why])]),
  );
}

/** A number in hexadecimal as the shortest DER INTEGER that is not negative. */
function unsigned(hex: string): Buffer {
  const digits = hex.replace(/^0+(?=.)/, '');
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]);
}
