import { describe, expect, it } from 'vitest';
import { isOwner } from '../../../src/auth/policy/owner.ts';
import { OPEN_POLICY } from '../../../src/auth/policy/policy.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { findingsOf, policyOf } from './support.ts';

const RULES = 'rules: [{ who: [alice, bob, authenticated], repositories: "**", allow: pull }]\n';
const GROUPS = 'groups: { ops: [carol] }\n';

const user = (name: string, ...groups: string[]): Principal => ({ kind: 'user', name, groups });
const machine: Principal = { kind: 'machine', name: 'alice', scope: undefined };

describe('the owners of a gate', () => {
  it.each([
    ['without an access file, every user', undefined, user('bob'), true],
    ['without an access file, no machine', undefined, machine, false],
    ['without an access file, no stranger', undefined, { kind: 'anonymous' } as const, false],
    ['without the key, nobody', RULES, user('alice'), false],
    ['a user', `${RULES}owners: alice`, user('alice'), true],
    ['a user in a list', `${RULES}owners: [bob, user:alice]`, user('alice'), true],
    ['no other user', `${RULES}owners: alice`, user('bob'), false],
    ['no machine with the name of an owner', `${RULES}owners: alice`, machine, false],
    ['a member of a group', `${GROUPS}${RULES}owners: group:ops`, user('carol'), true],
    ['no user with the name of a group', `${GROUPS}${RULES}owners: group:ops`, user('ops'), false],
    ['a member by the directory', `${GROUPS}${RULES}owners: group:ops`, user('dave', 'ops'), true],
    ['no user without a name', `${RULES}owners: alice`, user(''), false],
  ])('are, %s', (_name, text, principal, expected) => {
    expect(isOwner(text === undefined ? OPEN_POLICY : policyOf(text), principal)).toBe(expected);
  });

  it('may be a group that the directory alone knows', () => {
    const policy = policyOf(`${RULES}owners: group:staff`, { groups: new Set(['staff']) });
    expect([isOwner(policy, user('erin', 'staff')), isOwner(policy, user('erin'))]).toEqual([true, false]);
  });

  it.each([
    ['token:ci', 'is no user and no group:NAME: people own a gate, not machines'],
    ['authenticated', 'is no user and no group:NAME: people own a gate, not machines'],
    ['anonymous', 'is no user and no group:NAME: people own a gate, not machines'],
    ['a:b:c', 'is no user and no group:NAME: people own a gate, not machines'],
    ['group:dve', 'there is no group "dve" in this file'],
  ])('are never %s', (owner, reason) => {
    expect(findingsOf(`${RULES}owners:\n  - "${owner}"\n`).problems).toEqual([`owners[0]: ${reason} (3)`]);
  });

  it('who do not exist are a warning, with the line', () => {
    const users = new Set(['alice', 'bob']);
    expect(findingsOf(`${RULES}owners: [alice, zoe]`, { users }).warnings).toEqual([
      'owners[1]: there is no user "zoe" (registry-gate users list) (2)',
    ]);
  });
});
