import { describe, expect, it } from 'vitest';
import { basicChallenge, bearerChallenge, tokenRealm } from '../../src/oci/challenge.ts';

describe('bearerChallenge', () => {
  const realm = tokenRealm('registry.example:5000');

  it.each([
    ['nothing but a name', {}, 'Bearer realm="https://registry.example:5000/token",service="gate"'],
    ['an empty scope', { scope: '' }, 'Bearer realm="https://registry.example:5000/token",service="gate"'],
    [
      'a scope',
      { scope: 'repository:a/b:pull,push' },
      'Bearer realm="https://registry.example:5000/token",service="gate",scope="repository:a/b:pull,push"',
    ],
    [
      'a bad token',
      { scope: 'repository:a:pull', error: 'invalid_token' as const },
      'Bearer realm="https://registry.example:5000/token",service="gate",scope="repository:a:pull",error="invalid_token"',
    ],
  ])('asks for %s', (_name, more, expected) => {
    expect(bearerChallenge({ realm, service: 'gate', ...more })).toBe(expected);
  });

  it.each([
    ['quotes', 'a"b\\c', String.raw`a\"b\\c`],
    ['a line end', 'a\r\nSet-Cookie: x', 'aSet-Cookie: x'],
  ])('lets nobody out of a value by %s', (_name, service, written) => {
    expect(bearerChallenge({ realm: 'https://r/token', service })).toBe(
      `Bearer realm="https://r/token",service="${written}"`,
    );
    expect(basicChallenge(service)).toContain(`"${written}"`);
  });
});
