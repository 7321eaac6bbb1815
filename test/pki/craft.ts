import { X509Certificate, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { Extension } from '../../src/pki/x509/certificate-der.ts';
import {
  bitString,
  boolean,
  distinguishedName,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  signCertificate,
  toDer,
} from '../../src/pki/x509/certificate-der.ts';
import { readSequence } from '../../src/pki/x509/der-reader.ts';
import {
  authorityKeyIdentifier,
  subjectAltName,
  subjectKeyIdentifier,
} from '../../src/pki/x509/extensions.ts';
import { parseSubjectNames } from '../../src/pki/x509/subject-names.ts';
import { DAY, serialNumber } from '../../src/pki/authority/validity.ts';

/** A certificate of any make, sound or not, with the key that belongs to it. */
export interface Crafted {
  readonly pem: string;
  readonly key: KeyObject;
  readonly name: string;
}

export interface CraftOptions {
  readonly name: string;
  /** Undefined: it signs itself. */
  readonly issuer?: Crafted | undefined;
  readonly key?: KeyObject;
  readonly extensions?: readonly Extension[];
  /** In days from now. */
  readonly from?: number;
  readonly until?: number;
  readonly now?: Date;
  /** X.509 version 1 has no extensions. */
  readonly version?: 1 | 3;
}

const PURPOSES = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  any: '2.5.29.37.0',
} as const;
const USAGES = { digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04, cRLSign: 0x02 } as const;

export const keys = {
  ec: (namedCurve = 'prime256v1'): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey,
  rsa: (modulusLength = 2048): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey,
  rsaPss: (): KeyObject => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey,
  ed25519: (): KeyObject => generateKeyPairSync('ed25519').privateKey,
};

export const extension = {
  constraints: (isAuthority: boolean, depth?: number): Extension => {
    const parts = isAuthority ? [boolean(true)] : [];
    if (depth !== undefined) parts.push(integer(Buffer.from([depth])));
    return { id: '2.5.29.19', critical: true, value: sequence(...parts) };
  },
  usage: (...names: readonly (keyof typeof USAGES)[]): Extension => {
    const bits = names.reduce((sum, name) => sum | USAGES[name], 0);
    return { id: '2.5.29.15', critical: true, value: bitString(Buffer.from([bits]), 1) };
  },
  purpose: (...names: readonly (keyof typeof PURPOSES)[]): Extension => ({
    id: '2.5.29.37',
    critical: false,
    value: sequence(...names.map((name) => objectIdentifier(PURPOSES[name]))),
  }),
  names: (...names: readonly string[]): Extension => subjectAltName(parseSubjectNames(names)),
  unknown: (critical: boolean): Extension => ({
    id: '1.3.6.1.4.1.55555.1',
    critical,
    value: octetString(Buffer.from('?')),
  }),
};

/** What a CA of ours has. */
export const AUTHORITY = [extension.constraints(true), extension.usage('keyCertSign', 'cRLSign')];

/** What a server has, for the address that tests connect to. */
export const SERVER = [
  extension.names('127.0.0.1', 'localhost'),
  extension.constraints(false),
  extension.usage('digitalSignature', 'keyEncipherment'),
  extension.purpose('serverAuth'),
];

export function craft(options: CraftOptions): Crafted {
  const { name, issuer, extensions = [], from = -1, until = 30, now = new Date(), version = 3 } = options;
  const key = options.key ?? keys.ec();
  const template = {
    serial: serialNumber(),
    issuer: distinguishedName(issuer?.name ?? name),
    subject: distinguishedName(name),
    notBefore: wholeSeconds(now, from),
    notAfter: wholeSeconds(now, until),
    publicKey: createPublicKey(key),
    extensions: [...extensions, ...identifiersOf(key, issuer)],
  };
  const signer = issuer?.key ?? key;
  const pem = signCertificate(template, signer);
  return { pem: version === 1 ? withoutVersion(pem, signer) : pem, key, name };
}

/** As RFC 5280 asks for, and strict verifiers with it. */
function identifiersOf(key: KeyObject, issuer: Crafted | undefined): Extension[] {
  const own = subjectKeyIdentifier(createPublicKey(key));
  return issuer === undefined ? [own] : [own, authorityKeyIdentifier(new X509Certificate(issuer.pem))];
}

/** The same certificate as X.509 version 1: neither version nor extensions, signed anew. */
function withoutVersion(pem: string, signer: KeyObject): string {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const [tbs, algorithm] = readSequence(der);
  const kept = readSequence(tbs?.raw).filter(({ tag }) => tag !== 0xa0 && tag !== 0xa3);
  const body = wrap(0x30, Buffer.concat(kept.map(({ raw }) => raw)));
  const signature = toDer(bitString(sign('sha256', body, signer)));
  const whole = wrap(0x30, Buffer.concat([body, algorithm?.raw ?? Buffer.alloc(0), signature]));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function wrap(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function wholeSeconds(now: Date, days: number): Date {
  return new Date(Math.floor((now.getTime() + days * DAY) / 1000) * 1000);
}
