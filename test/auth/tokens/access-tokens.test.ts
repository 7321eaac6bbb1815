import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountOf, type Principal } from '../../../src/auth/principal.ts';
import { ALICE, DAY, START, credentialKey, makeFolder, startIssuing, type Issuing } from './support.ts';

const ACCESS = [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }];
/** Alice, by an access token. */
const BEARER: Principal = { ...ALICE, proof: 'access-token' };
const DEVICE: Principal = { kind: 'user', name: 'alice', tokenId: 'd-1', groups: [] };
const MACHINE: Principal = { kind: 'machine', name: 'ci', tokenId: 'm-1', scope: undefined };
const SECONDS = START / 1000;
/** The same bytes for a decoder that does not look: the next character after each that may end 64 bytes. */
const STRAY: Readonly<Record<string, string>> = { A: 'B', Q: 'R', g: 'h', w: 'x' };

let folder: Awaited<ReturnType<typeof makeFolder>>;
let issuing: Issuing;
let key: KeyObject;
let kid = '';

beforeEach(async () => {
  folder = await makeFolder();
  issuing = await startIssuing(folder.path);
  const file = JSON.parse(await readFile(join(folder.path, 'token-keys.json'), 'utf8'));
  key = createPrivateKey(file.keys[0].pem);
  kid = (await issuing.keys.signer()).kid;
});

afterEach(() => folder.close());

async function issued(principal: Principal = ALICE): Promise<string> {
  const given = await issuing.tokens.issue(principal, ACCESS);
  if (given === undefined) throw new Error('no token');
  return given.token;
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString());

interface Forgery {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly without?: string;
  readonly signature?: (input: string) => Buffer;
}

/** A token as the gate would make it, signed with its own key, but for what the test changes. */
function forge({ header = {}, claims = {}, without, signature }: Forgery): string {
  const all: Record<string, unknown> = {
    iss: 'registry-gate',
    aud: 'gate.test',
    sub: 'alice',
    iat: SECONDS,
    nbf: SECONDS,
    exp: SECONDS + 3600,
    jti: 'x',
    access: ACCESS,
    fp: issuing.keys.fingerprint('hash of alice'),
    ...claims,
  };
  if (without !== undefined) delete all[without];
  const input = `${encode({ typ: 'JWT', alg: 'ES256', kid, ...header })}.${encode(all)}`;
  const signed = signature?.(input) ?? es256(key, input);
  return `${input}.${signed.toString('base64url')}`;
}

function es256(by: KeyObject, input: string): Buffer {
  return sign('sha256', Buffer.from(input), { key: by, dsaEncoding: 'ieee-p1363' });
}

describe('an access token', () => {
  it('says who, for whom, from when, until when, and what was granted', async () => {
    const token = await issued();
    const [header, claims] = token.split('.').slice(0, 2).map(decode);
    expect(header).toEqual({ typ: 'JWT', alg: 'ES256', kid });
    expect(claims).toEqual({
      iss: 'registry-gate',
      aud: 'gate.test',
      sub: 'alice',
      iat: SECONDS,
      nbf: SECONDS,
      exp: SECONDS + 3600,
      jti: expect.stringMatching(/^[\w-]{16}$/),
      access: ACCESS,
      fp: expect.stringMatching(/^[\w+/]{22}$/),
    });
    expect(await issuing.reader.verify(token)).toMatchObject({ ...BEARER, within: ACCESS });
  });

  it('is never the same twice', async () => {
    expect(await issued()).not.toBe(await issued());
  });

  it('says nothing of the credential', async () => {
    expect(JSON.stringify(decode((await issued()).split('.')[1]))).not.toContain('hash of alice');
  });

  it('is not given out for a credential that is gone', async () => {
    issuing.credentials.clear();
    expect(await issuing.tokens.issue(ALICE, ACCESS)).toBeUndefined();
  });

  it('is what the forgeries of these tests are made like', async () => {
    expect(await issuing.reader.verify(forge({}))).toMatchObject({ ...BEARER, within: ACCESS });
  });
});

describe('a token is refused', () => {
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = stranger.publicKey.export({ format: 'jwk' });
  const own = (): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  const foreign = (input: string): Buffer => es256(stranger.privateKey, input);

  it.each<[string, () => Forgery]>([
    ['alg none', () => ({ header: { alg: 'none' }, signature: () => Buffer.alloc(0) })],
    ['alg None', () => ({ header: { alg: 'None' }, signature: () => Buffer.alloc(0) })],
    ['alg none with our signature', () => ({ header: { alg: 'none' } })],
    ['no signature', () => ({ signature: () => Buffer.alloc(0) })],
    ['a signature of zeros (CVE-2022-21449)', () => ({ signature: () => Buffer.alloc(64) })],
    ['a signature in DER', () => ({ signature: (input) => sign('sha256', Buffer.from(input), key) })],
    [
      'HS256 with our public key as the secret',
      () => ({
        header: { alg: 'HS256' },
        signature: (input) => createHmac('sha256', own()).update(input).digest(),
      }),
    ],
    [
      'RS256 by another key',
      () => ({
        header: { alg: 'RS256' },
        signature: (input) => sign('sha256', Buffer.from(input), rsa.privateKey),
      }),
    ],
    ['ES384 in the header', () => ({ header: { alg: 'ES384' } })],
    ['ES256K in the header', () => ({ header: { alg: 'ES256K' } })],
    ['no alg', () => ({ header: { alg: undefined } })],
    ['another key under our kid', () => ({ signature: foreign })],
    ['a jwk of its own (CVE-2018-0114)', () => ({ header: { jwk }, signature: foreign })],
    ['a jwk and no kid', () => ({ header: { jwk, kid: undefined }, signature: foreign })],
    [
      'a jwk with our kid in it (CVE-2025-24976)',
      () => ({ header: { jwk: { ...jwk, kid } }, signature: foreign }),
    ],
    ['a jku', () => ({ header: { jku: 'https://evil.test/keys', kid: 'evil' }, signature: foreign })],
    ['an x5u', () => ({ header: { x5u: 'https://evil.test/cert' }, signature: foreign })],
    ['an x5c', () => ({ header: { x5c: ['MIIB'] }, signature: foreign })],
    ['an unknown kid', () => ({ header: { kid: 'unknown' } })],
    ['a kid that is a path', () => ({ header: { kid: '../../../dev/null' } })],
    ['a kid of every object', () => ({ header: { kid: '__proto__' } })],
    ['a kid that is no text', () => ({ header: { kid: { toString: kid } } })],
    ['no kid', () => ({ header: { kid: undefined } })],
    ['an unknown critical header', () => ({ header: { crit: ['b64'], b64: false } })],
    ['another type', () => ({ header: { typ: 'at+jwt' } })],
    ['no type', () => ({ header: { typ: undefined } })],
    ['another issuer', () => ({ claims: { iss: 'other' } })],
    ['another service', () => ({ claims: { aud: 'other.test' } })],
    ['a list of other services', () => ({ claims: { aud: ['other.test'] } })],
    ['an end that is past the leeway', () => ({ claims: { iat: SECONDS - 3599, exp: SECONDS - 30 } })],
    ['an end that is no number', () => ({ claims: { exp: '9999999999' } })],
    ['an end without end', () => ({ claims: { exp: null } })],
    ['a beginning to come', () => ({ claims: { nbf: SECONDS + 31 } })],
    ['made in the future', () => ({ claims: { iat: SECONDS + 31 } })],
    ['made too long ago, whatever its end', () => ({ claims: { iat: SECONDS - 3631 } })],
    ['a subject that is no text', () => ({ claims: { sub: ['alice'] } })],
    ['another subject', () => ({ claims: { sub: 'bob' } })],
    ['nobody as the subject', () => ({ claims: { sub: '' } })],
    ['a device that is not there', () => ({ claims: { cid: 'd-1' } })],
    ['a credential id that is no text', () => ({ claims: { cid: 7 } })],
    ['a machine without the id of its token', () => ({ claims: { sub: 'token:alice' } })],
    ['another fingerprint', () => ({ claims: { fp: issuing.keys.fingerprint('hash of bob') } })],
    ['a fingerprint that is no text', () => ({ claims: { fp: null } })],
    ['access that is no list', () => ({ claims: { access: {} } })],
    [
      'access to something without a name',
      () => ({ claims: { access: [{ type: 'repository', actions: [] }] } }),
    ],
    ...['iss', 'aud', 'sub', 'exp', 'nbf', 'iat', 'jti', 'access', 'fp'].map(
      (name): [string, () => Forgery] => [`no ${name}`, () => ({ without: name })],
    ),
  ])('with %s', async (_name, forgery) => {
    expect(await issuing.reader.verify(forge(forgery()))).toBeUndefined();
  });

  it.each<[string, (token: string) => string]>([
    ['that is empty', () => ''],
    ['that is one word', () => 'token'],
    ['of two parts', (token) => token.split('.').slice(0, 2).join('.')],
    ['of four parts', (token) => `${token}.x`],
    ['of five parts (JWE)', (token) => `${token}.x.y`],
    ['whose claims were changed', (token) => swap(token, 1, encode({ sub: 'root' }))],
    ['whose claims are no JSON', () => forgeRaw('nonsense')],
    ['whose claims are a list', () => forgeRaw('[]')],
    ['whose header is no JSON', (token) => swap(token, 0, encode('nonsense'))],
    [
      'whose last character was changed',
      (token) => `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`,
    ],
    ['with stray bits', (token) => `${token.slice(0, -1)}${STRAY[token.at(-1) ?? ''] ?? ''}`],
    ['with padding', (token) => `${token}==`],
    ['with a line end', (token) => `${token}\n`],
    ['that is endless', (token) => `${token}${'A'.repeat(100_000)}`],
  ])('%s', async (_name, spoil) => {
    expect(await issuing.reader.verify(spoil(await issued()))).toBeUndefined();
  });

  function swap(token: string, at: number, part: string): string {
    return token
      .split('.')
      .map((old, index) => (index === at ? part : old))
      .join('.');
  }

  function forgeRaw(payload: string): string {
    const input = `${encode({ typ: 'JWT', alg: 'ES256', kid })}.${encode(payload)}`;
    return `${input}.${es256(key, input).toString('base64url')}`;
  }
});

describe('the life of an access token', () => {
  it.each([
    ['at once', 0, true],
    ['in its last second', 3_599_000, true],
    ['within the leeway', 3_629_999, true],
    ['after the leeway', 3_630_000, false],
  ])('is there %s, verified before or not', async (_name, later, expected) => {
    const [fresh, used] = [await issued(), await issued()];
    await issuing.reader.verify(used);
    issuing.clock.at += later;
    expect((await issuing.reader.verify(fresh)) !== undefined).toBe(expected);
    expect((await issuing.reader.verify(used)) !== undefined).toBe(expected);
    expect(issuing.reader.remembered(used) !== undefined).toBe(expected);
  });

  it('ends with the credential, also where the token was verified already', async () => {
    const token = await issued();
    await issuing.reader.verify(token);
    expect(issuing.reader.remembered(token)).toMatchObject(BEARER);
    issuing.credentials.set(credentialKey(ALICE), 'another hash of alice');
    expect(issuing.reader.remembered(token)).toBeUndefined();
    expect(await issuing.reader.verify(token)).toBeUndefined();
    issuing.credentials.delete(credentialKey(ALICE));
    expect(await issuing.reader.verify(token)).toBeUndefined();
  });

  it('outlives a restart and the rotation of the key', async () => {
    issuing.clock.at += 30 * DAY - 1000;
    const token = await issued();
    issuing.clock.at += 1000;
    expect((await issued()).split('.')[0]).not.toBe(token.split('.')[0]);
    expect(await issuing.reader.verify(token)).toMatchObject(BEARER);
    const again = await startIssuing(folder.path);
    again.clock.at = issuing.clock.at;
    expect(await again.tokens.verify(token)).toMatchObject(BEARER);
  });

  it('is of no use at a gate with another key', async () => {
    const elsewhere = await makeFolder();
    const other = await startIssuing(elsewhere.path);
    expect(await other.tokens.verify(await issued())).toBeUndefined();
    await elsewhere.close();
  });

  it('is known to the gate that gave it out without being verified', async () => {
    const token = await issued();
    expect(issuing.tokens.remembered(token)).toMatchObject({ ...BEARER, within: ACCESS });
    expect(issuing.reader.remembered(token)).toBeUndefined();
    issuing.clock.at += 3_629_999;
    expect(issuing.tokens.remembered(token)).toBeDefined();
    issuing.clock.at += 1;
    expect(issuing.tokens.remembered(token)).toBeUndefined();
  });

  it('ends with its key, also where the token was given out or verified before', async () => {
    const token = await issued();
    await rm(join(folder.path, 'token-keys.json'));
    expect(await issuing.reader.verify(token)).toBeDefined();
    await issuing.keys.reload();
    expect(issuing.tokens.remembered(token)).toBeUndefined();
    expect(await issuing.reader.verify(token)).toBeUndefined();
  });

  it('holds of a list that is too long to be sent what was asked for first, and says so', async () => {
    const names = Array.from({ length: 100 }, (_, at) => `team/a-name-that-is-rather-long-${at}`);
    const nothing = { type: 'repository', name: 'team/nothing', actions: [] };
    const access = names.map((name) => ({ type: 'repository', name, actions: ['pull'] }));
    const given = await issuing.tokens.issue(ALICE, [nothing, ...access]);
    expect(given?.token.length).toBeLessThanOrEqual(8192);
    expect(given?.access.length).toBeGreaterThan(50);
    expect(given?.access).toEqual(access.slice(0, given?.access.length));
    const verified = await issuing.reader.verify(given?.token ?? '');
    expect(verified).toMatchObject({ ...BEARER, within: given?.access });
    expect(issuing.tokens.remembered(given?.token ?? '')?.within).toEqual(given?.access);
  });

  it('is remembered in a memory with an end', async () => {
    const small = await startIssuing(folder.path, { cacheBytes: 3000 });
    const tokens = [await issued(), await issued(), await issued()];
    for (const token of tokens) await small.tokens.verify(token);
    expect(tokens.map((token) => small.tokens.remembered(token) !== undefined)).toEqual([false, true, true]);
  });
});

describe('a principal', () => {
  it.each<[string, Principal, string, string | undefined]>([
    ['anonymous', { kind: 'anonymous' }, '', undefined],
    ['a user', ALICE, 'alice', undefined],
    ['a device', DEVICE, 'alice', 'd-1'],
    ['a machine', MACHINE, 'token:ci', 'm-1'],
  ])('%s is written and read', async (_name, principal, account, id) => {
    expect(accountOf(principal)).toBe(account);
    issuing.credentials.set(credentialKey(principal), 'something');
    const token = await issued(principal);
    expect(decode(token.split('.')[1])).toMatchObject({ sub: account, ...(id !== undefined && { cid: id }) });
    const bearer = { ...principal, proof: 'access-token', within: ACCESS };
    expect(await issuing.reader.verify(token)).toEqual(bearer);
    expect(issuing.tokens.remembered(token)).toEqual(bearer);
  });
});
