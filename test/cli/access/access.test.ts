import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { loadAccess } from '../../../src/app/auth/access.ts';
import { createHash } from '../../../src/auth/passwords/password-hash.ts';
import { recordingTerminal } from '../../support/terminal.ts';

const DOCS = resolve(import.meta.dirname, '../../../docs');

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let root: string;
let access: string;
let users: string;
let next = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gate-access-'));
  users = join(root, 'htpasswd');
  await writeFile(users, `alice:${(await createHash('secret')).text}\n`, { mode: 0o600 });
  await gate('tokens create ci');
  access = await accessFile(`
rules:
  - who: alice
    repositories: ['team/**', '!team/secret/**']
    allow: [pull, push]
  - who: [authenticated, token:ci]
    repositories: office/**
    allow: pull
    networks: 10.0.0.0/8
`);
});

afterAll(async () => rm(root, { recursive: true, force: true }));

async function accessFile(text: string): Promise<string> {
  const path = join(root, `access-${next++}.yml`);
  await writeFile(path, text);
  return path;
}

async function gate(words: string, ...more: readonly string[]): Promise<Result> {
  const terminal = recordingTerminal();
  const code = await run([...words.split(' '), ...more, '--users', users, '--state', root], terminal);
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

async function check(words: string, file = access): Promise<Result> {
  return gate(`access check ${words}`, '--access', file);
}

describe('access check', () => {
  it.each([
    ['alice push team/app', 0, 'allowed: alice may push to team/app, by FILE:3\n'],
    ['alice pull team/app', 0, 'allowed: alice may pull from team/app, by FILE:3\n'],
    [
      'alice delete team/app',
      1,
      'denied: alice may not delete from team/app: no rule allows it.\n  FILE:3 allows only pull and push\n',
    ],
    [
      'alice pull team/secret/x',
      1,
      'denied: alice may not pull from team/secret/x: no rule allows it.\n  FILE:3 takes it out with !team/secret/**\n',
    ],
    ['alice pull other', 1, 'denied: alice may not pull from other: no rule allows it.\n'],
    ['anonymous pull team/app', 1, 'denied: anonymous may not pull from team/app: no rule allows it.\n'],
    [
      'authenticated pull office/x',
      1,
      'denied: authenticated may not pull from office/x: no rule allows it.\n  FILE:6 is only for clients in 10.0.0.0/8\n',
    ],
    [
      'authenticated pull office/x --from 10.9.8.7',
      0,
      'allowed: authenticated may pull from office/x, by FILE:6\n',
    ],
    ['token:ci pull office/x --from 10.9.8.7', 0, 'allowed: token:ci may pull from office/x, by FILE:6\n'],
  ])('%s: %i', async (words, code, text) => {
    expect(await check(words)).toEqual({ code, stdout: text.replaceAll('FILE', access), stderr: '' });
  });

  it('prints JSON', async () => {
    const allowed = await check('alice push team/app --json --from 192.0.2.1');
    expect({ ...allowed, stdout: JSON.parse(allowed.stdout) }).toEqual({
      code: 0,
      stderr: '',
      stdout: {
        who: 'alice',
        action: 'push',
        repository: 'team/app',
        from: '192.0.2.1',
        allowed: true,
        rule: `${access}:3`,
        near: [],
        owner: false,
      },
    });
    const denied = await check('alice delete team/app --json');
    expect({ ...denied, stdout: JSON.parse(denied.stdout) }).toMatchObject({
      code: 1,
      stdout: {
        from: null,
        allowed: false,
        rule: null,
        near: [{ where: `${access}:3`, reason: 'allows only pull and push' }],
      },
    });
  });

  it('warns of a user that there is not', async () => {
    const { code, stderr } = await check('mallory pull office/x --from 10.0.0.1');
    expect(code).toBe(0);
    expect(stderr).toBe('Warning: there is no user "mallory", so no client can sign in with this name.\n');
  });

  it('knows what a token was made for', async () => {
    await gate('tokens create scoped --repository team/** --allow pull --network 10.0.0.0/8');
    const [id = ''] =
      /m-[0-9a-f]+/.exec((await gate('tokens list')).stdout.split('scoped')[0]?.split('\n').at(-1) ?? '') ??
      [];
    expect(await check('token:scoped pull team/app')).toEqual({
      code: 0,
      stdout: 'allowed: token:scoped may pull from team/app, by the scope of token:scoped\n',
      stderr: `Warning: the token ${id} can be used only from 10.0.0.0/8.\n`,
    });
    expect(await check('token:scoped pull office/x --from 10.0.0.1')).toMatchObject({
      code: 1,
      stdout: 'denied: token:scoped may not pull from office/x: its scope does not hold that.\n',
    });
    await gate('tokens create scoped --repository office/** --allow pull');
    const { code, stderr } = await check('token:scoped pull office/x');
    expect(code).toBe(0);
    expect(stderr).toContain('there are 2 tokens of this name with different rights');
  });

  it('warns of a token that there is not', async () => {
    expect(await check('token:alice pull team/app')).toEqual({
      code: 1,
      stdout: 'denied: token:alice may not pull from team/app: no rule allows it.\n',
      stderr: 'Warning: there is no token "alice", so no client can sign in with this name.\n',
    });
  });

  it('needs no users file', async () => {
    const terminal = recordingTerminal();
    const words = [
      'access',
      'check',
      'mallory',
      'pull',
      'a',
      '--access',
      access,
      '--users',
      join(root, 'none'),
    ];
    expect(await run(words, terminal)).toBe(1);
    expect(terminal.stderr()).toBe('');
  });

  it('warns of rules that would not come into force, and answers by them all the same', async () => {
    const file = await accessFile(`
rules: [{ who: alice, repositories: a, allow: pull }]
expect: [alice may push a]
`);
    expect(await check('alice pull a', file)).toEqual({
      code: 0,
      stdout: `allowed: alice may pull from a, by ${file}:2\n`,
      stderr:
        'Warning: the file would be refused: expect[0]: fails: alice may not push to a: no rule allows it. ' +
        `${file}:2 allows only pull (${file}:3)\n`,
    });
  });

  it('reports all that is wrong with the file, in the order of its lines', async () => {
    const file = await accessFile(`
groups: { dev: [token:x] }
rules:
  - who: group:ops
    repositories: Team/**
    allow: read
  - who: group:ops
    repositories: Team/**
    allow: pull
`);
    const { code, stdout, stderr } = await check('alice pull a', file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.replaceAll(file, 'FILE')).toBe(
      [
        'registry-gate: error[ACCESS_INVALID]: The access file FILE has 4 problems:',
        '  groups.dev[0]: is no user: a group holds users, by their names (FILE:2)',
        '  rules[0].allow[0]: must be one of pull, push, delete, not "read" (FILE:6)',
        '  rules[1].who[0]: there is no group "ops" in this file (FILE:7)',
        '  rules[1].repositories[0]: "Team/**" has upper case letters, which no repository name has (FILE:8)',
        '  Mend this, then try again. A running gate keeps the rules that it has.',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['no such file', async () => join(root, 'none.yml'), 'does not exist'],
    ['a directory', async () => root, "can't be read (EISDIR)"],
    ['no text', async () => accessFile('x'), 'the file must hold the key'],
  ])('fails on %s', async (_name, make, message) => {
    const { code, stderr } = await check('alice pull a', await make());
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('fails on what is no UTF-8', async () => {
    const file = join(root, 'latin1.yml');
    await writeFile(file, Buffer.from('# \xe4\nrules: []\n', 'latin1'));
    expect((await check('alice pull a', file)).stderr).toContain('no UTF-8');
  });

  it.each([
    ['alice pull a', 0, 'allowed: alice may pull from a, by every user'],
    ['authenticated push a', 0, 'allowed'],
    ['anonymous pull a', 1, 'denied: anonymous may not pull'],
  ])('without a file says what holds, and for whom: %s', async (words, code, answer) => {
    const terminal = recordingTerminal();
    const certs = ['--certs', join(root, 'nowhere')];
    expect(await run(['access', 'check', ...words.split(' '), ...certs], terminal)).toBe(code);
    expect(terminal.stdout()).toContain(answer);
    expect(terminal.stderr()).toContain('every user of the htpasswd file may do everything');
    expect(terminal.stderr()).toContain('anonymous clients nothing');
  });

  it('reads the file that the configuration of --config names', async () => {
    await writeFile(join(root, 'rules.yml'), 'rules: [{ who: carol, repositories: a, allow: pull }]\n');
    await writeFile(join(root, 'named.yml'), 'access: rules.yml\n');
    const terminal = recordingTerminal();
    const place = ['--config', join(root, 'named.yml')];
    expect(await run(['access', 'check', 'alice', 'pull', 'a', ...place], terminal)).toBe(1);
    expect(terminal.stdout()).toContain('denied');
  });

  it.each([
    ['alice', 'Missing required argument'],
    ['alice read team/app', '"read" is not one of pull, push and delete.'],
    ['alice pull Team/app', '"Team/app" is not the name of a repository'],
    ['alice pull team/app:latest', '"team/app:latest" is not the name of a repository'],
    ['alice pull team/**', '"team/**" is not the name of a repository'],
    ['group:dev pull team/app', '"group:dev" is not a user'],
    ['alice pull team/app --from 10.0.0.0/8', '"10.0.0.0/8" is not an IP address'],
    ['alice pull team/app extra', 'Too many arguments'],
  ])('used wrongly: %s', async (words, message) => {
    const { code, stdout, stderr } = await check(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('the rules of a server', () => {
  it('do not come into force where an expectation is not met', async () => {
    const file = await accessFile(`
rules: [{ who: alice, repositories: a, allow: pull }]
expect:
  - alice may pull a
  - alice may push a
  - anonymous may pull a
`);
    await expect(loadAccess(file, {})).rejects.toMatchObject({
      code: 'ACCESS_INVALID',
      message: [
        `The access file ${file} does not meet 2 expectations of its own:`,
        `  expect[1]: fails: alice may not push to a: no rule allows it. ${file}:2 allows only pull (${file}:5)`,
        `  expect[2]: fails: anonymous may not pull from a: no rule allows it. (${file}:6)`,
      ].join('\n'),
    });
  });

  it('come with what has no effect', async () => {
    const file = await accessFile('rules:\n  - who: [alice, bob]\n    repositories: a\n    allow: pull\n');
    const loaded = await loadAccess(file, { users: new Set(['alice']) });
    expect(loaded).toMatchObject({
      rules: 1,
      expectations: 0,
      failures: [],
      warnings: [`rules[0].who[1]: there is no user "bob" (registry-gate users list) (${file}:2)`],
    });
  });
});

describe('docs/access.md', () => {
  const examples = ['access-one-team.yml', 'access-shared-base.yml', 'access-public-mirror.yml'];

  it('has all examples, and no other', async () => {
    const found = (await readdir(join(DOCS, 'examples'))).filter((name) => name.startsWith('access-'));
    expect(found.sort()).toEqual([...examples].sort());
    const page = await readFile(join(DOCS, 'access.md'), 'utf8');
    for (const name of examples) expect(page).toContain(`(examples/${name})`);
  });

  it.each(examples)('%s is in order, and meets its own expectations', async (name) => {
    const loaded = await loadAccess(join(DOCS, 'examples', name), {});
    expect(loaded.warnings).toEqual([]);
    expect(loaded.expectations).toBeGreaterThan(5);
  });

  it('shows sessions that are what the program prints', async () => {
    const page = await readFile(join(DOCS, 'access.md'), 'utf8');
    const sessions = [...page.matchAll(/^\$ registry-gate (access check .*)\n((?:(?!\$|```).*\n)*)/gm)];
    expect(sessions.length).toBeGreaterThanOrEqual(3);
    const text = /```yaml\n(groups:[\s\S]*?)```/.exec(page)?.[1] ?? '';
    await writeFile(join(root, 'access.yml'), text);
    for (const [, words = '', printed] of sessions) {
      const { stdout } = await check(words.replace('access check ', ''), join(root, 'access.yml'));
      expect(stdout.replaceAll(join(root, 'access.yml'), 'access.yml')).toBe(printed);
    }
  });
});
