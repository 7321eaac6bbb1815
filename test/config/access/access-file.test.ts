import { describe, expect, it } from 'vitest';
import { readAccessFile } from '../../../src/config/access/access-file.ts';

/** The problems as `path: reason (line)`. */
function problemsOf(text: string): readonly string[] {
  return readAccessFile('a.yml', text).problems.map(
    ({ path, reason, where = '' }) => `${path}: ${reason} (${where.replace('a.yml:', '')})`,
  );
}

describe('an access file', () => {
  it('is read with the place of everything', () => {
    const text = `
groups:
  dev: [alice, bob]
  ops: carol
owners: [group:ops, dave]
rules:
  - who:
      - group:dev
      - token:ci
    repositories: ['team/**', '!team/secret/**']
    allow: [pull, push]
    networks: 10.0.0.0/8
  # A remark.

  - allow: delete
    repositories: a
    who: alice
expect: alice may push team/app
`;
    const place = (path: string, line: number): object => ({ path, where: `a.yml:${line}` });
    expect(readAccessFile('a.yml', text)).toEqual({
      problems: [],
      file: {
        groups: [
          {
            name: 'dev',
            ...place('groups.dev', 3),
            members: [
              { text: 'alice', ...place('groups.dev[0]', 3) },
              { text: 'bob', ...place('groups.dev[1]', 3) },
            ],
          },
          {
            name: 'ops',
            ...place('groups.ops', 4),
            members: [{ text: 'carol', ...place('groups.ops[0]', 4) }],
          },
        ],
        owners: [
          { text: 'group:ops', ...place('owners[0]', 5) },
          { text: 'dave', ...place('owners[1]', 5) },
        ],
        rules: [
          {
            ...place('rules[0]', 7),
            who: [
              { text: 'group:dev', ...place('rules[0].who[0]', 8) },
              { text: 'token:ci', ...place('rules[0].who[1]', 9) },
            ],
            repositories: [
              { text: 'team/**', ...place('rules[0].repositories[0]', 10) },
              { text: '!team/secret/**', ...place('rules[0].repositories[1]', 10) },
            ],
            allow: ['pull', 'push'],
            networks: [{ text: '10.0.0.0/8', ...place('rules[0].networks[0]', 12) }],
          },
          {
            ...place('rules[1]', 15),
            who: [{ text: 'alice', ...place('rules[1].who[0]', 17) }],
            repositories: [{ text: 'a', ...place('rules[1].repositories[0]', 16) }],
            allow: ['delete'],
            networks: [],
          },
        ],
        expect: [{ text: 'alice may push team/app', ...place('expect[0]', 18) }],
      },
    });
  });

  it.each(['007', '1e3', 'true', 'no', '~', 'null', '0x10', '2026-01-01', '<<'])(
    'takes %s for the name of a user, as it is written',
    (name) => {
      const { file, problems } = readAccessFile(
        'a',
        `rules: [{ who: ${name}, repositories: a, allow: pull }]`,
      );
      expect({ names: file.rules[0]?.who.map(({ text }) => text), problems }).toEqual({
        names: [name],
        problems: [],
      });
    },
  );

  it('knows a group called __proto__ as any other', () => {
    const { file } = readAccessFile('a', 'groups: { __proto__: [alice], constructor: bob }\nrules: x');
    expect(file.groups.map(({ name, members }) => [name, members.map(({ text }) => text)])).toEqual([
      ['__proto__', ['alice']],
      ['constructor', ['bob']],
    ]);
  });

  const RULE = 'rules: [{ who: a, repositories: a, allow: pull }]\n';
  const QUOTES = '(quote a text that begins with *, ! or $)';
  const EMPTY = 'is empty: add a value, or remove the key';
  const WHO = 'a user, group:NAME, token:NAME, authenticated or anonymous';

  it.each([
    ['nothing', '', ': the file must hold the key "rules", and may hold "groups", "owners" and "expect" (1)'],
    [
      'a list',
      '- a',
      ': the file must hold the key "rules", and may hold "groups", "owners" and "expect" (1)',
    ],
    [
      'no rules',
      'groups: { a: b }',
      'rules: must hold at least one rule: without a rule, everything is denied (1)',
    ],
    [
      'empty rules',
      '\nrules: []',
      'rules: must hold at least one rule: without a rule, everything is denied (2)',
    ],
    [
      'rules that are none',
      'rules: none',
      'rules: must hold at least one rule: without a rule, everything is denied (1)',
    ],
    ['an unknown key', `${RULE}grups: {}`, 'grups: is unknown. Did you mean groups? (2)'],
    [
      'no groups',
      `${RULE}groups:`,
      'groups: must hold groups with their users, like "dev: [alice, bob]" (2)',
    ],
    ['an empty group', `${RULE}groups: { dev: [] }`, `groups.dev: ${EMPTY} (2)`],
    [
      'a group in a group',
      `${RULE}groups:\n  dev:\n    a: b`,
      'groups.dev: must be the name of a user, or a list of them (3)',
    ],
    ['no member', `${RULE}groups:\n  dev: [a, '']`, 'groups.dev[1]: must be the name of a user, not "" (3)'],
    ['no owner', `${RULE}owners:`, `owners: ${EMPTY} (2)`],
    [
      'owners that are groups of owners',
      `${RULE}owners: { a: b }`,
      'owners: must be a user, or group:NAME, or a list of them (2)',
    ],
    [
      'an owner without a name',
      `${RULE}owners: [a, '']`,
      'owners[1]: must be a user, or group:NAME, not "" (2)',
    ],
    ['no expectation', `${RULE}expect: []`, `expect: ${EMPTY} (2)`],
    [
      'an empty expectation',
      `${RULE}expect: ['']`,
      'expect[0]: must be a sentence, like "alice may push team/app", not "" (2)',
    ],
    [
      'a rule that is none',
      'rules:\n  - alice',
      'rules[0]: must hold the keys who, repositories and allow (2)',
    ],
    [
      'no who',
      'rules:\n  - repositories: a\n    allow: pull',
      `rules[0].who: is missing: it must be ${WHO}, or a list of them (2)`,
    ],
    ['an empty who', 'rules:\n  - repositories: a\n    who:\n    allow: pull', `rules[0].who: ${EMPTY} (3)`],
    [
      'networks left empty',
      'rules:\n  - who: a\n    repositories: a\n    allow: pull\n    networks:',
      `rules[0].networks: ${EMPTY} (5)`,
    ],
    [
      'no networks',
      'rules:\n  - who: a\n    repositories: a\n    allow: pull\n    networks: []',
      `rules[0].networks: ${EMPTY} (5)`,
    ],
    [
      'an unknown action',
      'rules:\n  - who: a\n    repositories: a\n    allow: [pull, read]',
      'rules[0].allow[1]: must be one of pull, push, delete, not "read" (4)',
    ],
    [
      'all actions',
      "rules:\n  - who: a\n    repositories: a\n    allow: '*'",
      'rules[0].allow[0]: must be one of pull, push, delete, not "*" (4)',
    ],
    [
      'an unknown key of a rule',
      'rules:\n  - who: a\n    repository: a\n    repositories: a\n    allow: pull',
      'rules[0].repository: is unknown. Did you mean repositories? (3)',
    ],
    [
      'a star without quotes',
      'rules:\n  - who: a\n    repositories: **\n    allow: pull',
      `: invalid YAML: ** is not quoted ${QUOTES} (3)`,
    ],
    [
      'a ! without quotes',
      'rules:\n  - who: a\n    repositories:\n      - a/**\n      - !a/b\n    allow: pull',
      `: invalid YAML: !a/b is not quoted ${QUOTES} (5)`,
    ],
    [
      'two documents',
      `${RULE}---\n${RULE}`,
      `: invalid YAML: more than one document in the file ${QUOTES} (2)`,
    ],
    ['a key twice', `${RULE}${RULE}`, `: invalid YAML: Map keys must be unique ${QUOTES} (2)`],
  ])('is refused with its path and line: %s', (_name, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('that is no YAML is refused by line', () => {
    expect(problemsOf('rules:\n  - who: "a\n')).toEqual([
      expect.stringMatching(/^: invalid YAML: .* \(\d\)$/),
    ]);
    expect(problemsOf('rules: [${user}/**]')).toEqual([expect.stringContaining(QUOTES)]);
    expect(problemsOf(`# ${'x'.repeat(5 * 1024 * 1024)}`)).toEqual([': the file is larger than 4 MiB (1)']);
  });

  it('keeps what is well formed beside what is not, and reports all of it', () => {
    const text = `
rules:
  - whoo: a
    repositories: [a, 1: 2]
    allow: read
  - who: b
    repositories: b
    allow: pull
expct: x
`;
    const { file, problems } = readAccessFile('a', text);
    expect(file.rules.map(({ path }) => path)).toEqual(['rules[1]']);
    expect(problems.map(({ path }) => path).sort()).toEqual(
      ['expct', 'rules[0].allow[0]', 'rules[0].repositories[1]', 'rules[0].who', 'rules[0].whoo'].sort(),
    );
  });
});
