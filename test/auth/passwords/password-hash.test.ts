import { describe, expect, it } from 'vitest';
import { createHash, recognizeHash, verifyHash } from '../../../src/auth/passwords/password-hash.ts';

const BCRYPT_TAIL = 'abcdefghijklmnopqrstuuJYTsHWEuPGpBDUYhZ6pA3UaBcDeFgHi';

/** What Apache's htpasswd, openssl and crypt(3) wrote, each with its password. */
const KNOWN: readonly { scheme: string; text: string; password: string; cost: number; weak: boolean }[] = [
  { scheme: 'apr1', text: '$apr1$s$Hgc9MoaWe1Ieu1lEjENW6.', password: 'pw', cost: 0, weak: true },
  { scheme: 'apr1', text: '$apr1$$w7neMnnY7ZMxFRIT9tS6m.', password: 'pw', cost: 0, weak: true },
  { scheme: 'md5', text: '$1$s$c00NGKNhbhsjQzVJd4kI71', password: 'pw', cost: 0, weak: true },
  { scheme: 'md5', text: '$1$$F0Fc2lbYpzr3KKdKkM0Wj.', password: 'pw', cost: 0, weak: true },
  { scheme: 'sha', text: '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', password: 'password', cost: 0, weak: true },
  {
    scheme: 'ssha',
    text: '{SSHA}yI6cZwQadOA1e+/f+T+H3eCQQhRzYWx0',
    password: 'password',
    cost: 0,
    weak: true,
  },
  {
    scheme: 'sha256-crypt',
    text: '$5$s$5q1vwNY3iR1Qgd9lUFfMdREJ4JkWtNyPttU1A0FAzQ1',
    password: 'pw',
    cost: 5000,
    weak: false,
  },
  {
    scheme: 'sha512-crypt',
    text: '$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1',
    password: 'a short string',
    cost: 123456,
    weak: false,
  },
];

describe('recognizeHash and verifyHash', () => {
  it.each(KNOWN)('$scheme $text', ({ scheme, text, password, cost, weak }) => {
    const found = recognizeHash(text);
    expect(found).toMatchObject({ kind: 'known', hash: { scheme, text, cost } });
    expect(found.kind === 'known' && found.hash.weakness !== undefined).toBe(weak);
    expect(verifyHash(text, password)).toBe(true);
    expect(verifyHash(text, `${password}x`)).toBe(false);
    expect(verifyHash(text, password.slice(1))).toBe(false);
    expect(verifyHash(text, '')).toBe(false);
  });

  it.each(['2a', '2b', '2y'])('bcrypt under the prefix $%s$', async (prefix) => {
    const { text } = await createHash('pässwörd ☃');
    const renamed = text.replace('2y', prefix);
    expect(recognizeHash(renamed)).toMatchObject({
      kind: 'known',
      hash: { scheme: 'bcrypt', cost: 10, slow: true },
    });
    expect(verifyHash(renamed, 'pässwörd ☃')).toBe(true);
    expect(verifyHash(renamed, 'passwörd ☃')).toBe(false);
  });

  it('calls a cheap bcrypt weak', () => {
    const found = recognizeHash(`$2y$05$${BCRYPT_TAIL}`);
    expect(found).toMatchObject({
      kind: 'known',
      hash: { weakness: { kind: 'cost', cost: 5, expected: 10 } },
    });
  });

  it.each([
    ['bcrypt dearer than 14', `$2y$15$${BCRYPT_TAIL}`, 'bcrypt cost 15'],
    ['bcrypt dearer than bcrypt goes', `$2y$99$${BCRYPT_TAIL}`, 'bcrypt cost 99'],
    ['bcrypt cheaper than bcrypt goes', `$2y$03$${BCRYPT_TAIL}`, 'bcrypt starts at 4'],
    ['sha-crypt above the cap', `$6$rounds=500001$s$${'a'.repeat(86)}`, '500001 rounds'],
    ['sha-crypt that takes an hour', `$5$rounds=999999999$s$${'a'.repeat(43)}`, '999999999 rounds'],
    ['sha-crypt below what crypt computes', `$5$rounds=999$s$${'a'.repeat(43)}`, 'starts at 1000'],
    ['{SSHA} with stray bits', '{SSHA}yI6cZwQadOA1e+/f+T+H3eCQQhRzYWx0A', 'malformed'],
  ])('refuses %s', (_name, text, reason) => {
    expect(recognizeHash(text)).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason) });
  });

  it.each([
    '',
    'password',
    'rqXexS6ZhobKA',
    `$2x$10$${BCRYPT_TAIL}`,
    `$2$10$${BCRYPT_TAIL}`,
    `$2y$10$${BCRYPT_TAIL}x`,
    `$2y$10$${BCRYPT_TAIL}\n`,
    '$apr1$s$Hgc9MoaWe1Ieu1lEjENW6',
    '$apr1$toolongsalt$Hgc9MoaWe1Ieu1lEjENW6.',
    '$apr1$undefined',
    '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g',
    '{SSHA}yI6cZwQadOA1e+/f+T+H3eCQQhQ=',
    '{PLAIN}password',
    `$6$rounds=05000$s$${'a'.repeat(86)}`,
    `$6$seventeencharslon$${'a'.repeat(86)}`,
    '$7$x$y',
    '$y$j9T$abc$def',
    '$argon2id$v=19$m=65536$abc$def',
  ])('does not know %j, and verifies nothing against it', (text) => {
    expect(recognizeHash(text)).toEqual({ kind: 'unknown' });
    expect(verifyHash(text, text)).toBe(false);
    expect(verifyHash(text, 'password')).toBe(false);
  });

  it('looks at 72 bytes with bcrypt, as others do, makes no hash of more, and takes neither NUL nor the endless', async () => {
    const { text } = await createHash('a'.repeat(72));
    expect(verifyHash(text, 'a'.repeat(72))).toBe(true);
    expect(verifyHash(text, 'a'.repeat(71))).toBe(false);
    expect(verifyHash(text, 'a'.repeat(73))).toBe(true);
    expect(verifyHash(text, 'a'.repeat(1024))).toBe(true);
    expect(verifyHash(text, 'a'.repeat(1025))).toBe(false);
    expect(verifyHash(text, `b${'a'.repeat(72)}`)).toBe(false);
    expect(verifyHash(text, `${'a'.repeat(72)}\0`)).toBe(false);
    await expect(createHash('a'.repeat(73))).rejects.toThrow(RangeError);
    await expect(createHash('a\0b')).rejects.toThrow(RangeError);
    await expect(createHash('ä'.repeat(37))).rejects.toThrow(RangeError);
    expect(verifyHash('{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'p'.repeat(1025))).toBe(false);
  });

  it('writes bcrypt of cost 10 with a salt of its own', async () => {
    const [one, other] = [await createHash('same'), await createHash('same')];
    expect(one.text).toMatch(/^\$2y\$10\$[./A-Za-z0-9]{53}$/);
    expect(one.text).not.toBe(other.text);
    expect(recognizeHash(one.text)).toEqual({ kind: 'known', hash: one });
  });
});
