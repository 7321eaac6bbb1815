import type { X509Certificate } from 'node:crypto';

/** One DER value: its tag byte, its content, and all of its bytes. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;
}

/**
 * The parts of a certificate that `X509Certificate` does not expose. OpenSSL has parsed the certificate before, so its
 * form is known to be right.
 */
interface CertificateParts {
  /** 1 or 3. */
  readonly version: number;
  /** The subject, a Name in DER: byte for byte the issuer of what this certificate signs. */
  readonly subject: Buffer;
  /** Content of the object identifier of the signature algorithm, in hexadecimal. */
  readonly signatureAlgorithm: string;
  /** Extensions by the content of their object identifier in hexadecimal; the value is the DER inside the OCTET STRING. */
  readonly extensions: ReadonlyMap<string, Buffer>;
  /** The object identifiers of the critical extensions. */
  readonly critical: ReadonlySet<string>;
}

const TAG = {
  sequence: 0x30,
  version: 0xa0,
  extensions: 0xa3,
  octetString: 0x04,
  boolean: 0x01,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** Takes a certificate apart (RFC 5280 section 4.1). */
export function certificateParts(certificate: X509Certificate): CertificateParts {
  const [tbs, algorithm] = readSequence(certificate.raw);
  const all = readSequence(tbs?.raw);
  const fields = all.filter((field) => field.tag !== TAG.version);
  const list = fields.find((field) => field.tag === TAG.extensions);
  const extensions = list === undefined ? [] : readSequence(list.content);
  const version = all.find((field) => field.tag === TAG.version);
  return {
    version: version === undefined ? 1 : readValue(version.content).content.readUInt8(0) + 1,
    subject: need(fields[4]).raw,
    signatureAlgorithm: need(readSequence(algorithm?.raw)[0]).content.toString('hex'),
    extensions: new Map(extensions.map(extensionEntry)),
    critical: new Set(extensions.filter(isCritical).map((extension) => extensionEntry(extension)[0])),
  };
}

/** When a CRL in PEM was signed, and when the next one is due; undefined if the text holds none. */
export function revocationListTimes(
  pem: string,
): { readonly thisUpdate: Date; readonly nextUpdate: Date } | undefined {
  const base64 = /-----BEGIN X509 CRL-----([^-]+)-----END/.exec(pem)?.[1];
  if (base64 === undefined) return undefined;
  const [body] = readSequence(Buffer.from(base64, 'base64'));
  const times = readSequence(body?.raw).filter(
    ({ tag }) => tag === TAG.utcTime || tag === TAG.generalizedTime,
  );
  const [thisUpdate, nextUpdate] = times.map(timeOf);
  return thisUpdate === undefined || nextUpdate === undefined ? undefined : { thisUpdate, nextUpdate };
}

/** `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on. */
function timeOf({ tag, content }: DerValue): Date {
  const text = content.toString('latin1');
  const [year, month, day, ...clock] =
    (tag === TAG.utcTime ? `20${text}` : text).match(/^\d{4}|\d{2}/g) ?? [];
  return new Date(`${year}-${month}-${day}T${clock.join(':')}Z`);
}

/** The content of the BIT STRING in a SubjectPublicKeyInfo: what a key identifier is a hash of. */
export function publicKeyBits(spki: Buffer): Buffer {
  return need(readSequence(spki)[1]).content.subarray(1);
}

/** The values that follow one another in these bytes. */
export function readValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const value = readValue(rest);
    values.push(value);
    rest = rest.subarray(value.raw.length);
  }
  return values;
}

/** The members of a SEQUENCE. */
export function readSequence(bytes: Buffer | undefined): DerValue[] {
  return readValues(readValue(bytes ?? Buffer.alloc(0)).content);
}

/** DER omits the BOOLEAN if it is false, but some encoders write it. */
function isCritical(extension: DerValue): boolean {
  const flag = readValues(extension.content).find((field) => field.tag === TAG.boolean);
  return flag !== undefined && flag.content.readUInt8(0) !== 0;
}

function extensionEntry(extension: DerValue): [string, Buffer] {
  const [id, ...rest] = readValues(extension.content);
  return [
    need(id).content.toString('hex'),
    need(rest.find((field) => field.tag === TAG.octetString)).content,
  ];
}

/** The first value in these bytes. */
export function readValue(bytes: Buffer): DerValue {
  const first = bytes.readUInt8(1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (start + length > bytes.length) throw new RangeError('a DER value ends before its length');
  return {
    tag: bytes.readUInt8(0),
    content: bytes.subarray(start, start + length),
    raw: bytes.subarray(0, start + length),
  };
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('a DER value lacks a member');
  return value;
}
