import type { KeyObject } from 'node:crypto';
import { sequence, taggedBytes, type Extension } from '../../src/pki/x509/certificate-der.ts';
import { nameConstraints, parseConstraints } from '../../src/pki/x509/name-constraints.ts';
import { CLIENTS, type Client, type Role } from '../../src/pki/x509/refusal.ts';
import { AUTHORITY, SERVER, craft, extension, keys, type CraftOptions, type Crafted } from './craft.ts';

/** What a server sends, and what its clients trust. */
export interface Material {
  readonly authority: string;
  readonly chain: string;
  readonly key: KeyObject;
}

/** One way to make certificates, and the clients that refuse it, as was seen. */
export interface ClientCase {
  readonly name: string;
  readonly make: () => Material;
  readonly refusedBy: readonly Client[];
  /** Which of the certificates is to blame. */
  readonly role?: Role;
  readonly says?: RegExp;
}

type Change = Partial<CraftOptions>;

const EVERY = CLIENTS;
const OPENSSL: readonly Client[] = ['curl', 'openssl', 'node', 'strict'];
const ALL_BUT_GO: readonly Client[] = ['curl', 'openssl', 'node', 'gnutls', 'strict'];
const ALL_BUT_GNUTLS: readonly Client[] = ['go', 'curl', 'openssl', 'node', 'strict'];
const ID = { names: '2.5.29.17', usage: '2.5.29.15', purpose: '2.5.29.37' } as const;
const ELSEWHERE = nameConstraints(parseConstraints('other.lan,10.0.0.0/8'));
const MIDDLE = [extension.constraints(true, 0), extension.usage('keyCertSign')];
const EARLY = { from: 2, until: 90 } as const;
const EXPIRED = { from: -20, until: -1 } as const;

function serverWith(id: string, other?: Extension): readonly Extension[] {
  const rest = SERVER.filter((one) => one.id !== id);
  return other === undefined ? rest : [...rest, other];
}

function root(change: Change = {}): Crafted {
  return craft({ name: 'root', extensions: AUTHORITY, ...change });
}

function signedBy(issuer: Crafted, change: Change = {}): Crafted {
  return craft({ name: 'leaf', issuer, extensions: SERVER, ...change });
}

const underRoot =
  (change: Change, leafChange: Change = {}) =>
  (): Material => {
    const authority = root(change);
    const leaf = signedBy(authority, leafChange);
    return { authority: authority.pem, chain: leaf.pem, key: leaf.key };
  };
const leaf = (change: Change): (() => Material) => underRoot({}, change);

const underMiddle =
  (change: Change, rootChange: Change = {}) =>
  (): Material => {
    const authority = root(rootChange);
    const middle = craft({ name: 'middle', issuer: authority, extensions: MIDDLE, ...change });
    const made = signedBy(middle);
    return { authority: authority.pem, chain: made.pem + middle.pem, key: made.key };
  };

const signedBySelf = (extensions: readonly Extension[]) => (): Material => {
  const made = craft({ name: 'alone', extensions });
  return { authority: made.pem, chain: made.pem, key: made.key };
};

function withoutMiddle(): Material {
  const authority = root();
  const middle = craft({ name: 'middle', issuer: authority, extensions: MIDDLE });
  const made = signedBy(middle);
  return { authority: authority.pem, chain: made.pem, key: made.key };
}

function trustingMiddle(): Material {
  const middle = craft({ name: 'middle', issuer: root(), extensions: MIDDLE });
  const made = signedBy(middle);
  return { authority: middle.pem, chain: made.pem + middle.pem, key: made.key };
}

const GOOD: readonly ClientCase[] = [
  { name: 'a leaf and a root', make: underRoot({}), refusedBy: [] },
  { name: 'RSA', make: underRoot({ key: keys.rsa() }, { key: keys.rsa() }), refusedBy: [] },
  { name: 'an intermediate', make: underMiddle({}), refusedBy: [] },
  { name: 'a leaf that signed itself', make: signedBySelf(SERVER), refusedBy: [] },
  { name: 'a leaf on P-384', make: leaf({ key: keys.ec('secp384r1') }), refusedBy: [] },
  {
    name: 'a leaf without extendedKeyUsage',
    make: leaf({ extensions: serverWith(ID.purpose) }),
    refusedBy: [],
  },
  { name: 'a leaf without keyUsage', make: leaf({ extensions: serverWith(ID.usage) }), refusedBy: [] },
  {
    name: 'a CA for servers alone',
    make: underRoot({ extensions: [...AUTHORITY, extension.purpose('serverAuth')] }),
    refusedBy: [],
  },
  { name: 'a CA on P-224', make: underRoot({ key: keys.ec('secp224r1') }), refusedBy: [] },
];

const LEAVES: readonly ClientCase[] = [
  {
    name: 'a leaf without its intermediate',
    make: withoutMiddle,
    refusedBy: EVERY,
    says: /leads to "[^"]*middle"/,
  },
  {
    name: 'a leaf for clients alone',
    make: leaf({ extensions: serverWith(ID.purpose, extension.purpose('clientAuth')) }),
    refusedBy: EVERY,
    says: /serverAuth/,
  },
  {
    name: 'a leaf for code signing',
    make: leaf({ extensions: serverWith(ID.purpose, extension.purpose('codeSigning')) }),
    refusedBy: EVERY,
    says: /serverAuth/,
  },
  {
    name: 'a leaf for any purpose',
    make: leaf({ extensions: serverWith(ID.purpose, extension.purpose('any')) }),
    refusedBy: OPENSSL,
    says: /says any/,
  },
  {
    name: 'a leaf with keyCertSign alone',
    make: leaf({ extensions: serverWith(ID.usage, extension.usage('keyCertSign')) }),
    refusedBy: ALL_BUT_GO,
    says: /digitalSignature/,
  },
  {
    name: 'a leaf with keyEncipherment alone',
    make: leaf({ extensions: serverWith(ID.usage, extension.usage('keyEncipherment')) }),
    refusedBy: ['gnutls'],
    says: /digitalSignature/,
  },
  {
    name: 'a leaf with an RSA-PSS key',
    make: leaf({ key: keys.rsaPss() }),
    refusedBy: ['go'],
    says: /RSA-PSS/,
  },
  { name: 'a leaf on P-224', make: leaf({ key: keys.ec('secp224r1') }), refusedBy: EVERY, says: /secp224r1/ },
  {
    name: 'a leaf on secp256k1',
    make: leaf({ key: keys.ec('secp256k1') }),
    refusedBy: EVERY,
    says: /curve secp256k1/,
  },
  {
    name: 'a leaf with an unknown critical extension',
    make: leaf({ extensions: [...SERVER, extension.unknown(true)] }),
    refusedBy: EVERY,
    says: /critical/,
  },
  {
    name: 'a leaf with an unknown extension',
    make: leaf({ extensions: [...SERVER, extension.unknown(false)] }),
    refusedBy: [],
  },
  {
    name: 'an address as a DNS name',
    make: leaf({
      extensions: serverWith(ID.names, {
        id: ID.names,
        critical: false,
        value: sequence(taggedBytes(2, Buffer.from('127.0.0.1'))),
      }),
    }),
    refusedBy: EVERY,
    says: /127\.0\.0\.1 as a host name/,
  },
  {
    name: 'a leaf that signed itself, for clients alone',
    make: signedBySelf(serverWith(ID.purpose, extension.purpose('clientAuth'))),
    refusedBy: EVERY,
  },
  { name: 'a leaf that is not valid yet', make: leaf(EARLY), refusedBy: EVERY, says: /valid from/ },
  { name: 'a leaf that has expired', make: leaf(EXPIRED), refusedBy: EVERY, says: /expired on/ },
];

const authority = (rest: Omit<ClientCase, 'role' | 'make'> & { readonly change: Change }): ClientCase => ({
  ...rest,
  make: underRoot(rest.change),
  role: 'CA',
});

const AUTHORITIES: readonly ClientCase[] = [
  authority({
    name: 'a CA with CA:FALSE',
    change: { extensions: [extension.constraints(false), extension.usage('keyCertSign')] },
    refusedBy: EVERY,
    says: /CA:FALSE/,
  }),
  authority({
    name: 'a CA without basicConstraints',
    change: { extensions: [extension.usage('keyCertSign')] },
    refusedBy: ['go', 'strict'],
    says: /no basicConstraints/,
  }),
  authority({
    name: 'a CA without any extension',
    change: { extensions: [] },
    refusedBy: ALL_BUT_GNUTLS,
    says: /no basicConstraints/,
  }),
  authority({
    name: 'a CA without keyCertSign',
    change: { extensions: [extension.constraints(true), extension.usage('digitalSignature')] },
    refusedBy: EVERY,
    says: /keyCertSign/,
  }),
  authority({
    name: 'a CA of RSA-1024',
    change: { key: keys.rsa(1024) },
    refusedBy: OPENSSL,
    says: /1024 bits/,
  }),
  authority({
    name: 'a CA of X.509 version 1',
    change: { version: 1, extensions: [] },
    refusedBy: ['strict'],
    says: /version 1/,
  }),
  authority({ name: 'a CA that is not valid yet', change: EARLY, refusedBy: EVERY, says: /valid from/ }),
  authority({ name: 'a CA that has expired', change: EXPIRED, refusedBy: EVERY, says: /expired on/ }),
  authority({
    name: 'a CA for clients alone',
    change: { extensions: [...AUTHORITY, extension.purpose('clientAuth')] },
    refusedBy: ALL_BUT_GNUTLS,
    says: /serverAuth/,
  }),
  authority({
    name: 'a CA that must not sign these names',
    change: { extensions: [...AUTHORITY, ELSEWHERE] },
    refusedBy: EVERY,
    says: /must not sign 127\.0\.0\.1, localhost/,
  }),
  authority({
    name: 'a CA with an unknown critical extension',
    change: { extensions: [...AUTHORITY, extension.unknown(true)] },
    refusedBy: EVERY,
    says: /critical/,
  }),
  authority({
    name: 'a CA on secp256k1',
    change: { key: keys.ec('secp256k1') },
    refusedBy: ['go', 'node', 'gnutls'],
    says: /secp256k1/,
  }),
  {
    name: 'a CA that allows no intermediate',
    make: underMiddle({}, { extensions: [extension.constraints(true, 0), extension.usage('keyCertSign')] }),
    refusedBy: EVERY,
    role: 'CA',
    says: /pathlen/,
  },
  {
    name: 'an intermediate in the place of the root',
    make: trustingMiddle,
    refusedBy: ['openssl', 'node', 'strict'],
    role: 'CA',
    says: /not a root/,
  },
];

const middle = (
  rest: Omit<ClientCase, 'role' | 'make' | 'refusedBy'> & { readonly change: Change },
): ClientCase => ({
  ...rest,
  make: underMiddle(rest.change),
  role: 'intermediate',
  refusedBy: EVERY,
});

const INTERMEDIATES: readonly ClientCase[] = [
  middle({
    name: 'an intermediate with CA:FALSE',
    change: { extensions: [extension.constraints(false), extension.usage('keyCertSign')] },
    says: /CA:TRUE/,
  }),
  middle({
    name: 'an intermediate without keyCertSign',
    change: { extensions: [extension.constraints(true), extension.usage('digitalSignature')] },
    says: /keyCertSign/,
  }),
  middle({
    name: 'an intermediate of X.509 version 1',
    change: { version: 1, extensions: [] },
    says: /CA:TRUE/,
  }),
  middle({ name: 'an intermediate that is not valid yet', change: EARLY, says: /valid from/ }),
  middle({ name: 'an intermediate that has expired', change: EXPIRED, says: /expired on/ }),
  middle({
    name: 'an intermediate for clients alone',
    change: { extensions: [...MIDDLE, extension.purpose('clientAuth')] },
    says: /serverAuth/,
  }),
  middle({
    name: 'an intermediate that must not sign these names',
    change: { extensions: [...MIDDLE, ELSEWHERE] },
    says: /nameConstraints/,
  }),
];

export const CLIENT_CASES: readonly ClientCase[] = [...GOOD, ...LEAVES, ...AUTHORITIES, ...INTERMEDIATES];
