import { describe, expect, it } from 'vitest';
import { findingsOf } from './support.ts';

const RULE = { who: 'authenticated', repositories: 'team/**', allow: 'pull' };

/** An access file with one rule for each record; the others stand as they are written. */
function rules(...written: readonly Partial<Record<string, unknown>>[]): string {
  const groups = { dev: ['alice', 'bob'], ops: ['carol'] };
  return JSON.stringify({ groups, rules: written.map((rule) => ({ ...RULE, ...rule })) });
}

describe('what keeps an access file from being used', () => {
  it.each([
    ['an unknown group', { who: 'group:dve' }, 'rules[0].who[0]: there is no group "dve" in this file'],
    ['an unknown kind', { who: 'role:dev' }, 'rules[0].who[0]: is no user, group:NAME'],
    ['no name', { who: ['alice', 'token:'] }, 'rules[0].who[1]: is no user, group:NAME'],
    ['upper case', { repositories: 'Team/**' }, 'rules[0].repositories[0]: "Team/**" has upper case'],
    [
      'a pattern for nothing',
      { repositories: ['a', '!-x'] },
      'rules[0].repositories[1]: "!-x" matches no name',
    ],
    [
      'no network',
      { networks: '10.0.0' },
      'rules[0].networks[0]: "10.0.0" is neither an address nor a network',
    ],
    ['a prefix too long', { networks: '10.0.0.0/33' }, 'rules[0].networks[0]: "10.0.0.0/33" must end with'],
    ['no prefix', { networks: '10.0.0.0/' }, 'rules[0].networks[0]: "10.0.0.0/" must end with'],
    ['an address as network', { networks: '10.1.2.3/8' }, 'its last 24 bits must be zero'],
    ['IPv6 with a zone', { networks: 'fe80::1%eth0' }, 'is neither an address nor a network'],
    ['only negations', { repositories: '!a' }, 'rules[0].repositories: only takes out'],
    [
      'all taken out again',
      { repositories: ['team/*', '!team/**'] },
      'can never match: !team/** takes all of it',
    ],
    [
      'nothing taken out',
      { repositories: ['team/**', '!taem/x/**'] },
      'rules[0].repositories[1]: takes nothing out',
    ],
    [
      '${user} for strangers',
      { who: 'anonymous', repositories: '${user}/**' },
      '${user} stands for the name of a user',
    ],
    ['${user} for tokens', { who: ['token:a', 'token:b'], repositories: '${user}/**' }, '${user} stands for'],
  ])('%s', (_name, rule, message) => {
    const { problems } = findingsOf(rules(rule));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it.each([
    ['a network of everything', { networks: ['0.0.0.0/0', '::/0'] }],
    ['an address alone', { networks: ['10.1.2.3', '2001:db8::1', '::ffff:1.2.3.4'] }],
    ['${user} for users among others', { who: ['token:a', 'alice'], repositories: '${user}/**' }],
    ['some taken out', { repositories: ['team/**', '!team/*/secret', '!**/x'] }],
    ['a user called like a number', { who: '007' }],
    ['a user with a space', { who: 'Jane Doe' }],
    ['a user called anonymous', { who: 'user:anonymous' }],
  ])('but not %s', (_name, rule) => {
    expect(findingsOf(rules(rule))).toEqual({ problems: [], warnings: [], failures: [] });
  });

  it.each([
    ['a group in a group', 'group:ops'],
    ['a token', 'token:ci'],
    ['everybody', 'authenticated'],
  ])('a group holds users, not %s', (_name, member) => {
    const text = JSON.stringify({ groups: { dev: [member] }, rules: [RULE] });
    expect(findingsOf(text).problems).toEqual([
      'groups.dev[0]: is no user: a group holds users, by their names (1)',
    ]);
  });

  it('is reported all at once, by path and line', () => {
    const text = `
groups:
  dev: [alice, token:ci]
rles: []
rules:
  - who: group:devs
    repositories: ['Team/**', 'a//b']
    allow: [pull, read]
  - who: group:devs
    repositories: 'a//b'
    allow: pull
    networks: [10.0.0.1/8]
expect:
  - alice can push team/app
`;
    const { problems } = findingsOf(text);
    expect(problems).toEqual([
      'rles: is unknown. Did you mean rules? (4)',
      'rules[0].allow[1]: must be one of pull, push, delete, not "read" (8)',
      'groups.dev[1]: is no user: a group holds users, by their names (3)',
      'rules[1].who[0]: there is no group "devs" in this file (9)',
      'rules[1].repositories[0]: "a//b" has an empty part before, between or after slashes (10)',
      'rules[1].networks[0]: "10.0.0.1/8" names an address within a network: its last 24 bits must be zero (12)',
      'expect[0]: is no sentence like "alice may push team/app" or "anonymous may not pull secret/x" (14)',
    ]);
  });
});

describe('what has no effect', () => {
  it('is a name that nobody has', () => {
    const text = `
groups:
  dev: [alice, mallory]
rules:
  - who: [alice, bob, group:dev, token:ci, token:old]
    repositories: a
    allow: pull
expect:
  - alice may pull a
  - zoe may not pull a
  - token:gone may not pull a
  - authenticated may not pull a
`;
    const known = { users: new Set(['alice']), tokens: new Set(['ci']) };
    expect(findingsOf(text, known)).toEqual({
      problems: [],
      warnings: [
        'groups.dev[1]: there is no user "mallory" (registry-gate users list) (3)',
        'rules[0].who[1]: there is no user "bob" (registry-gate users list) (5)',
        'rules[0].who[4]: there is no token "old" (registry-gate tokens list) (5)',
        'expect[1]: there is no user "zoe" (registry-gate users list) (10)',
        'expect[2]: there is no token "gone" (registry-gate tokens list) (11)',
      ],
      failures: [],
    });
    expect(findingsOf(text).warnings).toEqual([]);
  });

  it.each([
    ['the same rule', {}, {}],
    ['a user of the group', { who: 'group:dev' }, { who: 'alice' }],
    ['a user, where all are allowed', {}, { who: 'alice' }],
    ['users, where strangers are allowed', { who: 'anonymous' }, { who: ['authenticated', 'token:x'] }],
    ['fewer actions', { allow: ['pull', 'push'] }, { allow: 'push' }],
    ['fewer repositories', {}, { repositories: ['team/a', 'team/b/**'] }],
    ['a smaller network', { networks: '10.0.0.0/8' }, { networks: ['10.1.0.0/16', '10.2.3.4'] }],
    ['some network', {}, { networks: '10.0.0.0/8' }],
    ['more taken out', { repositories: ['team/**', '!team/x'] }, { repositories: ['team/**', '!team/x*'] }],
    [
      'apart from what is taken out',
      { repositories: ['team/**', '!team/x/**'] },
      { repositories: 'team/y/*' },
    ],
  ])('is a rule that an earlier one makes idle: %s', (_name, first, second) => {
    expect(findingsOf(rules(first, second)).warnings).toEqual([
      'rules[1]: adds nothing to the rule at a:1, which allows all of it (1)',
    ]);
  });

  it.each([
    ['another user', { who: 'alice' }, { who: 'bob' }],
    ['another group', { who: 'group:dev' }, { who: 'group:ops' }],
    ['a user outside the group', { who: 'group:dev' }, { who: 'carol' }],
    ['the token of a name', { who: 'ci' }, { who: 'token:ci' }],
    ['strangers too', {}, { who: 'anonymous' }],
    ['another action', {}, { allow: ['pull', 'push'] }],
    ['more repositories', { repositories: 'team/*' }, {}],
    ['what the first takes out', { repositories: ['team/**', '!team/x/**'] }, { repositories: 'team/x/y' }],
    ['what may be taken out', { repositories: ['team/**', '!team/*-x'] }, { repositories: 'team/a*' }],
    ['any network', { networks: '10.0.0.0/8' }, {}],
    ['a larger network', { networks: '10.1.0.0/16' }, { networks: '10.0.0.0/8' }],
    ['a larger network that begins alike', { networks: '10.0.0.0/16' }, { networks: '10.0.0.0/8' }],
    ['the other family', { networks: '0.0.0.0/0' }, { networks: '::/0' }],
    ["a corner of one's own", { repositories: '${user}/**' }, { repositories: 'alice/**' }],
  ])('is no rule with %s', (_name, first, second) => {
    expect(findingsOf(rules(first, second)).warnings).toEqual([]);
  });
});

describe('the expectations of the owner', () => {
  const text = (sentence: string): string => `
rules:
  - who: alice
    repositories: ['team/**', '!team/secret/**']
    allow: [pull, push]
  - who: bob
    repositories: team/**
    allow: pull
    networks: [10.0.0.0/8, 192.0.2.1]
  - who: anonymous
    repositories: public/*
    allow: pull
expect:
  - ${sentence}
`;

  it.each([
    'alice may push team/app',
    'alice may not delete team/app',
    'alice may not pull team/secret/x',
    'alice may pull public/x',
    'bob may pull team/app from 10.1.2.3',
    'bob may not pull team/app from 11.1.2.3',
    'bob may not pull team/app',
    'anonymous may pull public/x',
    'anonymous may not push public/x',
    'authenticated may pull public/x',
    'authenticated may not pull team/app',
    'token:alice may not pull team/app',
    'Jane Doe may not pull team/app',
    'user:anonymous may not pull team/app',
  ])('hold: %s', (sentence) => {
    expect(findingsOf(text(sentence))).toEqual({ problems: [], warnings: [], failures: [] });
  });

  it.each([
    ['alice may not push team/app', 'alice may push to team/app, by a:3'],
    [
      'alice may push team/secret/x',
      'alice may not push to team/secret/x: no rule allows it. a:3 takes it out with !team/secret/**',
    ],
    [
      'alice may delete team/x',
      'alice may not delete from team/x: no rule allows it. a:3 allows only pull and push',
    ],
    [
      'bob may pull team/app',
      'bob may not pull from team/app: no rule allows it. a:6 is only for clients in 10.0.0.0/8, 192.0.2.1',
    ],
    ['anonymous may pull team/app', 'anonymous may not pull from team/app: no rule allows it.'],
    ['authenticated may not pull public/x', 'authenticated may pull from public/x, by a:10'],
  ])('fail, with what was decided: %s', (sentence, reason) => {
    expect(findingsOf(text(sentence)).failures).toEqual([`expect[0]: fails: ${reason} (14)`]);
  });

  it.each([
    ['alice can push team/app', 'is no sentence'],
    ['alice may push', 'is no sentence'],
    ['may push team/app', 'is no sentence'],
    ['alice may read team/app', 'is no sentence'],
    ['alice may push team/app please', 'is no sentence'],
    ['group:dev may push team/app', 'begins with "group:dev"'],
    ['alice may push Team/app', 'names "Team/app"'],
    ['alice may push team/**', 'names "team/**"'],
    ['alice may push team/app from 10.0.0.0/8', 'ends with "10.0.0.0/8"'],
  ])('are refused: %s', (sentence, reason) => {
    const { problems } = findingsOf(text(sentence));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`expect[0]: ${reason}`);
  });
});
