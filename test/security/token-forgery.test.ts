import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { basic } from '../support/test-gate.ts';
import { FIXTURE_RULE, PASSWORD, as, useRights } from './rights-fixture.ts';

const RULES = `rules:
  - ${FIXTURE_RULE}
  - { who: [bob, 'token:ci', 'token:deploy'], repositories: 'team/**', allow: pull }
  - { who: anonymous, repositories: 'public/**', allow: pull }
`;
const ASKED = 'GET /v2/team/app/tags/list';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
const es256 = (key: KeyObject) => (input: string) =>
  sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const strangersJwk = stranger.publicKey.export({ format: 'jwk' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

interface Parts {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly key: KeyObject;
  /** PEM of the public half. */
  readonly spki: string;
}
interface Forged {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly by?: (input: string) => string;
}
const now = Math.floor(Date.now() / 1000);
const hs = (algorithm: string, key: string | Buffer) => (input: string) =>
  createHmac(algorithm, key).update(input).digest('base64url');

/** A good token of bob, and what an attacker makes of it. All but the first line are signed with the gate's own key. */
const forgeries: Readonly<Record<string, (parts: Parts) => Forged>> = {
  'signed by another key': () => ({ by: es256(stranger.privateKey) }),
  'alg none': () => ({ header: { alg: 'none' }, by: () => '' }),
  'alg none with a signature': () => ({ header: { alg: 'none' } }),
  'alg None': () => ({ header: { alg: 'None' }, by: () => 'A'.repeat(86) }),
  'HS256 with the public key as PEM': ({ spki }) => ({ header: { alg: 'HS256' }, by: hs('sha256', spki) }),
  'HS512, as long as a signature': ({ spki }) => ({ header: { alg: 'HS512' }, by: hs('sha512', spki) }),
  'HS256 with the name of the key': ({ header }) => ({
    header: { alg: 'HS256' },
    by: hs('sha256', String(header['kid'])),
  }),
  RS256: () => ({
    header: { alg: 'RS256' },
    by: (input) => sign('sha256', Buffer.from(input), rsa.privateKey).toString('base64url'),
  }),
  ES384: () => ({ header: { alg: 'ES384' } }),
  'a signature of zeros': () => ({ by: () => 'A'.repeat(86) }),
  'a signature as DER': ({ key }) => ({
    by: (input) => sign('sha256', Buffer.from(input), key).toString('base64url'),
  }),
  'another kid': () => ({ header: { kid: 'x' } }),
  'no kid': () => ({ header: { kid: undefined } }),
  'a kid that objects know': () => ({ header: { kid: '__proto__' } }),
  'a kid that is a path': () => ({ header: { kid: '../../dev/null' } }),
  'a key of its own in jwk': () => ({ header: { jwk: strangersJwk }, by: es256(stranger.privateKey) }),
  'a key of its own in jwk, without kid': () => ({
    header: { jwk: strangersJwk, kid: undefined },
    by: es256(stranger.privateKey),
  }),
  'a key at a jku': () => ({ header: { jku: 'https://127.0.0.1:1/keys' }, by: es256(stranger.privateKey) }),
  'a chain in x5c': () => ({ header: { x5c: ['MIIB'], kid: undefined }, by: es256(stranger.privateKey) }),
  'an unknown crit': () => ({ header: { crit: ['x'], x: 1 } }),
  'b64 false': () => ({ header: { crit: ['b64'], b64: false } }),
  'another typ': () => ({ header: { typ: 'at+jwt' } }),
  'of another service': () => ({ claims: { aud: 'other' } }),
  'of several services': () => ({ claims: { aud: ['other', 'more'] } }),
  'of no service': () => ({ claims: { aud: undefined } }),
  'of another issuer': () => ({ claims: { iss: 'other' } }),
  over: () => ({ claims: { iat: now - 7200, nbf: now - 7200, exp: now - 3600 } }),
  'over, for ever valid by its own words': () => ({ claims: { iat: now - 7200, exp: now + 10 ** 9 } }),
  'without an end': () => ({ claims: { exp: undefined } }),
  'with an end that is text': () => ({ claims: { exp: String(now + 100) } }),
  'not yet valid': () => ({ claims: { nbf: now + 600 } }),
  'given out in the future': () => ({ claims: { iat: now + 600 } }),
  'of another user': () => ({ claims: { sub: 'carol' } }),
  'of a user who is not there': () => ({ claims: { sub: 'nobody' } }),
  'of a user that objects know': () => ({ claims: { sub: '__proto__' } }),
  'of a machine, by the password of a user': () => ({ claims: { sub: 'token:ci', cid: 'm-1' } }),
  'of a machine without an id': () => ({ claims: { sub: 'token:ci' } }),
  'of a device that is not there': () => ({ claims: { cid: 'd-1' } }),
  'of nobody, by the password of a user': () => ({ claims: { sub: '' } }),
  'without a fingerprint': () => ({ claims: { fp: undefined } }),
  'with an empty fingerprint': () => ({ claims: { fp: '' } }),
  'with more rights, and no new signature': ({ claims }) => ({
    claims: { access: [{ type: 'repository', name: '**', actions: ['*'] }], jti: claims['jti'] },
    by: () => 'A'.repeat(85).concat('Q'),
  }),
};

describe('a forged token', () => {
  const fixture = useRights({
    rules: RULES,
    users: ['bob', 'carol'],
    machines: [
      { id: 'm-1', name: 'ci' },
      { id: 'm-2', name: 'deploy' },
    ],
  });

  async function partsOf(token: string): Promise<Parts> {
    const file = JSON.parse(await readFile(join(fixture().folder, 'token-keys.json'), 'utf8'));
    const key = createPrivateKey(String(file.keys.at(-1).pem));
    const [header, claims] = token
      .replace('Bearer ', '')
      .split('.')
      .map((part) => part);
    const spki = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
    return { header: decode(header), claims: decode(claims), key, spki };
  }

  function forge(parts: Parts, { header, claims, by = es256(parts.key) }: Forged): string {
    const input = `${encode({ ...parts.header, ...header })}.${encode({ ...parts.claims, ...claims })}`;
    return `Bearer ${input}.${by(input)}`;
  }

  async function statusAndWire(authorization: string): Promise<readonly [number, number, string]> {
    const answer = await fixture().ask(ASKED, authorization);
    return [answer.status, (await fixture().seen()).length, answer.header('www-authenticate') ?? ''];
  }

  it('is made like one that is good', async () => {
    const parts = await partsOf(await fixture().bearer(as('bob')));
    expect(await statusAndWire(forge(parts, { claims: { jti: 'another' } }))).toEqual([200, 1, '']);
    // What it says of rights is not what it may do.
    const greedy = { access: [{ type: 'repository', name: 'secret/x', actions: ['*'] }] };
    const { status } = await fixture().ask('GET /v2/secret/x/tags/list', forge(parts, { claims: greedy }));
    expect([status, await fixture().seen()]).toEqual([403, []]);
  });

  it.each(Object.entries(forgeries))('%s: 401, and nothing at the backend', async (_name, change) => {
    const parts = await partsOf(await fixture().bearer(as('bob')));
    const [status, requests, challenge] = await statusAndWire(forge(parts, change(parts)));
    expect([status, requests]).toEqual([401, 0]);
    expect(challenge).toBe(
      'Bearer realm="https://localhost/token",service="registry-gate",error="invalid_token"',
    );
    // Not for what is open to everybody either, and not twice.
    const open = await fixture().ask('GET /v2/public/app/tags/list', forge(parts, change(parts)));
    expect([open.status, await fixture().seen()]).toEqual([401, []]);
  });

  it('is none where a secret stands in the place of another kind', async () => {
    const [ci = '', deploy = ''] = fixture().secrets;
    const token = (await fixture().bearer(as('bob'))).replace('Bearer ', '');
    const login = await fixture().ask('GET /token?offline_token=true', as('bob'));
    const identity = String(JSON.parse(login.body).refresh_token);
    const wrong = {
      'an identity token as Bearer': `Bearer ${identity}`,
      'an identity token as a password': basic('bob', identity),
      'an identity token as a password of nobody': basic('', identity),
      'an identity token under the name that docker stores': basic('<token>', identity),
      'the secret of a machine as Bearer': `Bearer ${ci}`,
      'the secret of a machine with the name of another': basic('deploy', ci),
      'the secret of a machine with the name of a user': basic('bob', ci),
      'the secret of a machine with its name in the rules': basic('token:ci', ci),
      'the secret of a machine with an empty name': basic('', ci),
      'the secret of a machine in other letters': basic('CI', ci),
      'the secret of a machine, one letter off': basic('ci', `${deploy.slice(0, -1)}_`),
      'an access token as a password': basic('bob', token),
      'an access token as Basic': `Basic ${token}`,
      'a password as Bearer': `Bearer ${PASSWORD}`,
      'Basic credentials as Bearer': as('bob').replace('Basic', 'Bearer'),
      'two tokens': `Bearer ${token}, Bearer ${token}`,
      'two tokens, one after the other': `Bearer ${token} ${token}`,
      'a token and Basic': `Bearer ${token}, ${as('bob')}`,
      'Basic and a token': `${as('bob')}, Bearer ${token}`,
      'a token in quotes': `Bearer "${token}"`,
      'a token as a parameter': `Bearer token=${token}`,
      'a token after two spaces': `Bearer  ${token}`,
      'a token with padding': `Bearer ${token}=`,
      'a token without its signature': `Bearer ${token.split('.').slice(0, 2).join('.')}.`,
      'a token of JSON': `Bearer ${JSON.stringify({ token })}`,
    };
    const statuses: Record<string, readonly unknown[]> = {};
    for (const [name, authorization] of Object.entries(wrong))
      statuses[name] = (await statusAndWire(authorization)).slice(0, 2);
    expect(statuses).toEqual(Object.fromEntries(Object.keys(wrong).map((name) => [name, [401, 0]])));
    for (const authorization of [basic('ci', ci), `bearer ${token}`])
      expect((await statusAndWire(authorization)).slice(0, 2)).toEqual([200, 1]);
  });

  it('is not helped by a second header', async () => {
    const good = await fixture().bearer(as('bob'));
    for (const [first, second] of [
      [good, 'Basic Og=='],
      ['Basic Og==', good],
      [good, good],
      ['Bearer x', as('bob')],
      [as('bob'), ''],
    ]) {
      const { status } = await fixture().ask(ASKED, first, { fields: [`authorization: ${second}`] });
      expect([status, await fixture().seen()]).toEqual([400, []]);
    }
  });
});
