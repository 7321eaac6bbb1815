import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  coversPattern,
  findPatternProblem,
  matchesPattern,
  nameOf,
  overlapsPattern,
  parsePattern,
} from '../../../src/auth/policy/pattern.ts';
import type { Pattern } from '../../../src/auth/policy/pattern.ts';
import { anyName, anyPattern, naiveMatch } from './naive-evaluator.ts';

function pattern(text: string): Pattern {
  const outcome = parsePattern(text);
  if (!outcome.ok) throw new Error(`${text} ${outcome.reason}`);
  return outcome.pattern;
}

function matches(text: string, repository: string, user?: string): boolean {
  return matchesPattern(pattern(text), nameOf(repository, user));
}

/** pattern, what it matches, what it does not. */
const MATCHES: readonly [text: string, yes: readonly string[], no: readonly string[]][] = [
  ['app', ['app'], ['xapp', 'appx', 'app/x', 'x/app']],
  ['team/app', ['team/app'], ['team/app/x', 'team', 'x/team/app', 'team/app2']],
  ['*', ['a', 'a-b.c'], ['a/b']],
  ['team/*', ['team/a'], ['team', 'team/a/b', 'teams/a']],
  ['*/app', ['a/app'], ['app', 'a/b/app']],
  ['app*', ['app', 'apple', 'app-1'], ['ap', 'app/x', 'xapp']],
  ['*-app', ['a-app', 'a-b-app'], ['app', 'a-app-b']],
  ['a*b*c', ['abc', 'a1b2c', 'abbcc', 'a-b-c', 'abcbc'], ['ab', 'ac', 'abcd']],
  ['**', ['a', 'a/b', 'a/b/c/d'], []],
  ['team/**', ['team/a', 'team/a/b/c'], ['team', 'teams/a', 'x/team/a']],
  ['**/app', ['app', 'a/app', 'a/b/app'], ['app/a', 'xapp', 'a/xapp']],
  ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z', 'a/z/z'], ['a', 'z', 'a/z/b', 'az']],
  ['a/**/**', ['a/b', 'a/b/c'], ['a']],
  ['**/**', ['a', 'a/b'], []],
  ['**/b/**', ['b/c', 'a/b/c', 'b/b'], ['b', 'a/b', 'a/c']],
  ['**/a/**/b', ['a/b', 'x/a/y/b', 'a/a/b/b'], ['b', 'a', 'a/b/c']],
  // What would mean something in a regular expression is a letter here.
  ['a.c', ['a.c'], ['abc', 'a/c']],
  ['a__b-c', ['a__b-c'], ['a_b-c']],
];

describe('a pattern', () => {
  const cases = MATCHES.flatMap(([text, yes, no]) => [
    ...yes.map((name) => ({ text, name, expected: true })),
    ...no.map((name) => ({ text, name, expected: false })),
  ]);

  it.each(cases)('$text on $name: $expected', ({ text, name, expected }) => {
    expect(matches(text, name)).toBe(expected);
  });

  it.each([
    ['${user}/**', 'alice/app', 'alice', true],
    ['${user}/**', 'bob/app', 'alice', false],
    ['${user}/**', 'alice', 'alice', false],
    ['${user}', 'alice', 'alice', true],
    ['home/${user}', 'home/alice', 'alice', true],
    ['ci-${user}', 'ci-alice', 'alice', true],
    ['ci-${user}', 'ci-alicex', 'alice', false],
    ['${user}/${user}', 'alice/alice', 'alice', true],
    ['${user}*', 'alice-2', 'alice', true],
    ['${user}/**', 'a.c/x', 'a.c', true],
    ['${user}/**', 'abc/x', 'a.c', false],
    // Names that are no component of a repository name stand for nothing.
    ['${user}/**', 'alice/app', '.*', false],
    ['${user}/**', 'alice/app', '*', false],
    ['${user}/**', 'alice/app', '**', false],
    ['${user}/**', 'alice/app', 'a|alice', false],
    ['${user}/**', 'alice/app', 'Alice', false],
    ['${user}/**', 'alice/app', '', false],
    ['${user}/**', 'team/secret/x', 'team/secret', false],
    ['${user}/**', 'alice/app', '$', false],
    ['${user}/**', 'alice/app', '${user}', false],
    ['x${user}', 'x', '', false],
    ['${user}/**', 'alice/app', undefined, false],
  ])('%s on %s for the user %s: %s', (text, name, user, expected) => {
    expect(matches(text, name, user)).toBe(expected);
  });

  it.each([
    ['', 'empty'],
    ['/', 'empty part'],
    ['/team', 'empty part'],
    ['team/', 'empty part'],
    ['team//app', 'empty part'],
    ['Team/**', 'upper case'],
    ['team/a b', 'character'],
    ['team/app:latest', 'character'],
    ['team/ä', 'character'],
    ['team/app?', 'character'],
    ['[a-z]', 'character'],
    ['!team', 'character'],
    ['team/**x', '** beside'],
    ['***', '** beside'],
    ['${USER}/x', '${user}'],
    ['$user/x', '${user}'],
    ['{a,b}', '${user}'],
    ['-app', 'matches no name'],
    ['app-', 'matches no name'],
    ['a..b', 'matches no name'],
    ['a___b', 'matches no name'],
    ['*._*', 'matches no name'],
    ['${user}-', 'matches no name'],
    ['a'.repeat(256), 'matches no name'],
    ['a/'.repeat(300) + 'a', 'longer'],
  ])('%s is none: %s', (text, reason) => {
    expect(parsePattern(text)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  it('may have a ! before it where a list of patterns is written', () => {
    expect([findPatternProblem('!team/**'), findPatternProblem('team/**')]).toEqual([undefined, undefined]);
    expect(findPatternProblem('!!team')).toContain('character');
    expect(findPatternProblem('!')).toContain('empty');
  });

  it('is matched in linear or quadratic steps, whatever its stars', () => {
    const name = `${'a'.repeat(120)}/${'a'.repeat(120)}`;
    expect(matches(`${'*a'.repeat(60)}b/**`, name)).toBe(false);
    expect(matches(`${'**/a*/'.repeat(40)}b`, 'a/'.repeat(100) + 'a')).toBe(false);
  });

  it('says of random names what a plain evaluator says', () => {
    fc.assert(
      fc.property(anyPattern, anyName, fc.constantFrom('a', 'b', '.*', undefined), (text, name, user) => {
        expect(matches(text, name, user)).toBe(naiveMatch(text, name, user));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the relation of two patterns', () => {
  it.each([
    ['**', 'team/**', true],
    ['**', '**', true],
    ['**', 'a', true],
    ['team/**', 'team/app', true],
    ['team/**', 'team/*', true],
    ['team/**', 'team/**/x', true],
    ['team/**', 'team', false],
    ['team/*', 'team/**', false],
    ['*', '**', false],
    ['**/x', 'a/b/x', true],
    ['**/x', '**/y/x', true],
    ['a*', 'ab*', true],
    ['a*', 'ab', true],
    ['ab*', 'a*', false],
    ['*', '${user}', true],
    ['${user}/**', '${user}/x', true],
    ['alice/**', '${user}/**', false],
    ['${user}/**', 'alice/**', false],
  ])('%s covers %s: %s', (a, b, expected) => {
    expect(coversPattern(pattern(a), pattern(b))).toBe(expected);
  });

  it.each([
    ['team/**', 'team/secret/**', true],
    ['team/**', 'other/**', false],
    ['*/app', 'team/*', true],
    ['a*', '*b', true],
    ['a*', 'b*', false],
    ['a/*', 'a/*/*', false],
    ['**/x', '**/y', false],
    ['${user}/**', 'team/x', true],
    ['ci-${user}', 'ci-*', true],
    ['ci-${user}', 'cd-*', false],
  ])('%s overlaps %s: %s', (a, b, expected) => {
    expect(overlapsPattern(pattern(a), pattern(b))).toBe(expected);
    expect(overlapsPattern(pattern(b), pattern(a))).toBe(expected);
  });

  it('is never certain of what a name disproves', () => {
    fc.assert(
      fc.property(
        anyPattern,
        anyPattern,
        anyName,
        fc.constantFrom('a', 'b', undefined),
        (a, b, name, user) => {
          const [inA, inB] = [matches(a, name, user), matches(b, name, user)];
          const isCovered = coversPattern(pattern(a), pattern(b));
          const isApart = !overlapsPattern(pattern(a), pattern(b));
          expect(isCovered && inB && !inA).toBe(false);
          expect(isApart && inA && inB).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
