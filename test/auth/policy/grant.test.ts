import { describe, expect, it } from 'vitest';
import { findUngrantable } from '../../../src/auth/policy/grant.ts';
import { decide } from '../../../src/auth/policy/decide.ts';
import { OPEN_POLICY } from '../../../src/auth/policy/policy.ts';
import type { Principal, ScopeEntry } from '../../../src/auth/principal.ts';
import { policyOf, requestOf } from './support.ts';

const POLICY = policyOf(`
groups:
  dev: [alice]
  ops: [dan]
rules:
  - { who: group:dev, repositories: ['team/**', '!team/secret/**'], allow: [pull, push] }
  - { who: authenticated, repositories: '\${user}/**', allow: [pull, push, delete] }
  - { who: anonymous, repositories: public/*, allow: pull }
  - { who: alice, repositories: office/**, allow: pull, networks: [10.0.0.0/8] }
  - { who: group:ops, repositories: ops/**, allow: pull }
`);
const ALICE: Principal = { kind: 'user', name: 'alice', proof: 'session' };

describe('what a user may hand on', () => {
  it.each<readonly [string, string[], ScopeEntry['allow'], string | undefined]>([
    ['a repository that a rule allows', ['team/app'], ['pull', 'push'], undefined],
    ['one that is taken out', ['team/secret/x'], ['pull'], 'pull team/secret/x'],
    ['an action that no rule allows', ['team/app'], ['pull', 'delete'], 'delete team/app'],
    ['a pattern that a rule covers', ['team/*'], ['push'], undefined],
    ['a pattern that reaches further than the rules', ['**'], ['pull', 'push', 'delete'], undefined],
    ['a pattern where nothing is allowed', ['other/**'], ['pull'], 'pull other/**'],
    ['a pattern with an action that is allowed elsewhere', ['public/*'], ['push'], 'push public/*'],
    ['the second of two', ['team/**', 'other/x'], ['pull'], 'pull other/x'],
    ['what is taken out of the scope again', ['team/**', '!other/**'], ['pull'], undefined],
    ["one's own corner", ['alice/x'], ['delete'], undefined],
    ["another one's corner", ['bob/x'], ['pull'], 'pull bob/x'],
    ['the name of the user as a pattern', ['${user}/x'], ['pull'], 'pull ${user}/x'],
    ['what everybody may', ['public/x'], ['pull'], undefined],
    ['a rule for another network', ['office/*'], ['pull'], 'pull office/*'],
    ['a rule for a group of somebody else', ['ops/*'], ['pull'], 'pull ops/*'],
    ['what is no pattern', ['Team/*'], ['pull'], 'pull Team/*'],
  ])('%s', (_name, repositories, allow, expected) => {
    const found = findUngrantable(POLICY, ALICE, { repositories, allow }, '192.0.2.1');
    expect(found && `${found.action} ${found.repository}`).toBe(expected);
  });

  it('is what the network and the groups of the moment allow', () => {
    const scope = { repositories: ['office/*', 'ops/*'], allow: ['pull' as const] };
    const operator: Principal = { ...ALICE, groups: ['ops'] };
    expect(findUngrantable(POLICY, operator, scope, '10.0.0.1')).toBeUndefined();
  });

  it('is everything without rules', () => {
    const scope = { repositories: ['**', 'a/b'], allow: ['pull' as const, 'delete' as const] };
    expect(findUngrantable(OPEN_POLICY, ALICE, scope, undefined)).toBeUndefined();
  });
});

describe('a token that a user made', () => {
  const token = (maker: string, groups: readonly string[] = []): Principal => ({
    kind: 'machine',
    name: `${maker}-ci`,
    scope: [{ repositories: ['**', '!team/private/**'], allow: ['pull', 'push'] }],
    maker: { name: maker, groups },
  });
  const decided = (who: Principal, line: string, policy = POLICY): string => {
    const [method = '', target = ''] = line.split(' ');
    const decision = decide(policy, who, requestOf(method, target), '192.0.2.1');
    return decision.allowed ? decision.rule : decision.because;
  };

  it.each<readonly [string, Principal, string, string]>([
    ['both allow', token('alice'), 'PUT /v2/team/app/manifests/1', 'the scope of token:alice-ci'],
    ['the scope leaves out', token('alice'), 'GET /v2/team/private/x/manifests/1', 'denied'],
    ['the user may not', token('bob'), 'GET /v2/team/app/manifests/1', 'denied'],
    ['the user may and the scope does not', token('alice'), 'DELETE /v2/alice/x/manifests/1', 'denied'],
    [
      'the user may by the name',
      token('alice'),
      'PUT /v2/alice/x/manifests/1',
      'the scope of token:alice-ci',
    ],
    [
      'the user may by a group',
      token('carol', ['ops']),
      'GET /v2/ops/x/manifests/1',
      'the scope of token:carol-ci',
    ],
  ])('may what %s', (_name, who, line, expected) => {
    expect(decided(who, line)).toBe(expected);
  });

  it('sees in the catalog what both allow, and may be told why not', () => {
    expect(decided(token('bob'), 'GET /v2/team/app/manifests/1', OPEN_POLICY)).toBe(
      'the scope of token:bob-ci',
    );
    const decision = decide(POLICY, token('bob'), requestOf('GET', '/v2/team/app/manifests/1'), undefined);
    expect(decision).toMatchObject({
      sentence:
        'token:bob-ci may not pull from team/app: its scope does not hold that, or bob, who made it, may not do it.',
    });
  });
});
