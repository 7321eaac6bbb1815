import { describe, expect, it } from 'vitest';
import { findNearMisses } from '../../../src/auth/policy/explain.ts';
import { OPEN_POLICY } from '../../../src/auth/policy/policy.ts';
import { renderMiss } from '../../../src/auth/policy/miss.ts';
import { parseRight, renderRight, type Right } from '../../../src/auth/policy/right.ts';
import { findRight } from '../../../src/auth/policy/right.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { policyOf } from './support.ts';

const RIGHTS: readonly [Right, string][] = [
  [{ kind: 'rule', where: 'access.yml:7' }, 'access.yml:7'],
  [{ kind: 'rule', where: '/etc/every user.yml:7' }, '/etc/every user.yml:7'],
  [{ kind: 'every', who: 'user' }, 'every user'],
  [{ kind: 'every', who: 'token' }, 'every token'],
  [{ kind: 'scope', token: 'ci' }, 'the scope of token:ci'],
];

describe('what allows an action', () => {
  it.each(RIGHTS)('%j is written as one text, and read again', (right, text) => {
    expect(renderRight(right)).toBe(text);
    expect(parseRight(text)).toEqual(right);
  });

  it.each<[string, Principal, Right | undefined]>([
    ['a user', { kind: 'user', name: 'alice' }, { kind: 'every', who: 'user' }],
    ['a token', { kind: 'machine', name: 'ci', scope: undefined }, { kind: 'every', who: 'token' }],
    [
      'a token with a scope',
      { kind: 'machine', name: 'ci', scope: [{ repositories: ['**'], allow: ['pull'] }] },
      { kind: 'scope', token: 'ci' },
    ],
    ['nobody', { kind: 'anonymous' }, undefined],
  ])('is told of %s without an access file', (_name, principal, expected) => {
    expect(findRight(OPEN_POLICY, principal, { action: 'pull', repository: 'a' }, undefined)).toEqual(
      expected,
    );
  });
});

const POLICY = policyOf(`rules:
  - { who: alice, repositories: ["team/**", "!team/secret/**"], allow: [pull, push] }
  - { who: carol, repositories: "team/**", allow: pull, networks: [10.0.0.0/8, "fd00::/8"] }
`);

describe('why a rule does not allow an action', () => {
  it.each([
    ['alice', 'pull', 'team/secret/x', 'takes it out with !team/secret/**'],
    ['alice', 'delete', 'team/x', 'allows only pull and push'],
    ['carol', 'pull', 'team/x', 'is only for clients in 10.0.0.0/8, fd00::/8'],
  ] as const)('%s may not %s %s', (who, action, repository, expected) => {
    const principal: Principal = { kind: 'user', name: who };
    const near = findNearMisses(POLICY, principal, { action, repository }, '192.0.2.1');
    expect(near.map(({ miss }) => renderMiss(miss))).toEqual([expected]);
  });
});
