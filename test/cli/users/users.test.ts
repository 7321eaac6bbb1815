import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { findUsersFile } from '../../../src/cli/config/file-options.ts';
import { verifyHash } from '../../../src/auth/passwords/password-hash.ts';
import { machineToken } from '../../auth/tokens/support.ts';
import { recordingTerminal, type RecordingTerminalOptions } from '../../support/terminal.ts';

const SHA = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';
const SHA256 = '$5$s$5q1vwNY3iR1Qgd9lUFfMdREJ4JkWtNyPttU1A0FAzQ1';
const FILE = `# team\nalice:${SHA}:Alice\n\nbob:${SHA256}\n`;

let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gate-users-'));
  path = join(folder, 'htpasswd');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly questions: readonly string[];
}

async function users(command: readonly string[], options: RecordingTerminalOptions = {}): Promise<Ended> {
  const terminal = recordingTerminal(options);
  const status = await run(['users', ...command], terminal);
  return { status, stdout: terminal.stdout(), stderr: terminal.stderr(), questions: terminal.questions };
}

/** The same with `--users` naming the file of this test. */
function usersHere(command: readonly string[], options?: RecordingTerminalOptions): Promise<Ended> {
  return users([...command, '--users', path], options);
}

async function hashOf(name: string): Promise<string> {
  const line = (await readFile(path, 'utf8')).split('\n').find((it) => it.startsWith(`${name}:`));
  return line?.split(':')[1] ?? '';
}

describe('users add', () => {
  it('makes the file, for its owner alone', async () => {
    const ended = await usersHere(['add', 'carol', '--password-stdin'], { stdin: 'pässword\n' });
    expect(ended).toMatchObject({ status: 0, stdout: '', stderr: `Added carol to ${path}.\n` });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await hashOf('carol')).toMatch(/^\$2y\$10\$/);
    expect(verifyHash(await hashOf('carol'), 'pässword')).toBe(true);
    expect(await readdir(folder)).toEqual(['htpasswd']);
  });

  it('adds a line and leaves the others as they are', async () => {
    await writeFile(path, FILE);
    await usersHere(['add', 'carol', '--password-stdin'], { stdin: 'pw' });
    expect(await readFile(path, 'utf8')).toBe(`${FILE}carol:${await hashOf('carol')}\n`);
  });

  it('asks twice on a terminal', async () => {
    const ended = await usersHere(['add', 'carol'], { isTTY: true, answers: ['pw', 'pw'] });
    expect(ended).toMatchObject({
      status: 0,
      questions: ['New password for carol: ', 'Repeat the password: '],
    });
    expect(verifyHash(await hashOf('carol'), 'pw')).toBe(true);
  });

  it.each([
    ['a second answer that differs', { isTTY: true, answers: ['pw', 'pv'] }, 'passwords differ', 1],
    ['no terminal to ask on', {}, '--password-stdin', 2],
  ])('refuses %s', async (_name, options, words, status) => {
    const ended = await usersHere(['add', 'carol'], options);
    expect(ended.status).toBe(status);
    expect(ended.stderr).toContain(words);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['one line end', 'pw\n', 'pw'],
    ['one line end of Windows', 'pw\r\n', 'pw'],
    ['no line end', 'pw', 'pw'],
    ['spaces, which belong to the password', ' p w \n', ' p w '],
    ['72 bytes', 'x'.repeat(72), 'x'.repeat(72)],
  ])('takes a password from standard input: %s', async (_name, stdin, password) => {
    await usersHere(['add', 'carol', '--password-stdin'], { stdin });
    expect(verifyHash(await hashOf('carol'), password)).toBe(true);
  });

  it.each([
    ['two letters', 'ab', 'has 2 characters'],
    ['seven letters of three bytes', '비밀번호입니다', 'has 7 characters'],
    ['the name of the user', 'Carol', 'is the name of the user'],
  ])('takes a weak password, with a warning: %s', async (_name, stdin, words) => {
    const ended = await usersHere(['add', 'carol', '--password-stdin'], { stdin });
    expect(ended.status).toBe(0);
    expect(ended.stderr).toContain(`Warning: the password ${words}`);
    expect(ended.stderr).not.toContain(stdin);
    await usersHere(['passwd', 'carol', '--password-stdin'], { stdin: 'long enough' });
    expect(verifyHash(await hashOf('carol'), 'long enough')).toBe(true);
  });

  it('warns of no other', async () => {
    const ended = await usersHere(['add', 'carol', '--password-stdin'], { stdin: 'aaaaaaaa' });
    expect(ended.stderr).not.toContain('Warning');
  });

  it.each([
    ['an empty one', '', 'is empty'],
    ['a line end alone', '\n', 'is empty'],
    ['two lines', 'pw\npw\n', 'control character'],
    ['NUL', 'p\0w', 'control character'],
    ['73 bytes', 'x'.repeat(73), '72 bytes'],
    ['37 characters of 74 bytes', 'ä'.repeat(37), '72 bytes'],
    ['latin1', Buffer.from('p\xe4', 'latin1'), 'not UTF-8'],
  ])('refuses a password: %s', async (_name, stdin, words) => {
    const ended = await usersHere(['add', 'carol', '--password-stdin'], { stdin });
    expect([ended.status, ended.stderr.includes(words)]).toEqual([1, true]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a colon', 'a:b', 'colon'],
    ['nothing', '', 'empty'],
    ['a control character', 'a\u001b[2J', 'control character'],
    ['a space in front', ' a', 'space'],
    ['a space behind', 'a ', 'space'],
    ['#', '#a', '#'],
    ['256 bytes', 'ä'.repeat(128), '255 bytes'],
  ])('refuses a name: %s', async (_name, name, words) => {
    const ended = await users(['add', '--users', path, '--password-stdin', '--', name]);
    expect([ended.status, ended.stderr.includes(words)]).toEqual([2, true]);
    expect(ended.stderr).not.toContain('\u001b');
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a user who exists, before it asks for a password', async () => {
    await writeFile(path, FILE);
    const ended = await usersHere(['add', 'alice'], { isTTY: true });
    expect(ended).toMatchObject({ status: 1, questions: [] });
    expect(ended.stderr).toContain(`registry-gate users passwd --users ${path} alice`);
    expect(await readFile(path, 'utf8')).toBe(FILE);
  });

  it('makes the directory when it is told to', async () => {
    const deep = join(folder, 'a', 'b', 'htpasswd');
    const command = ['add', 'carol', '--password-stdin', '--users', deep];
    const refused = await users(command, { stdin: 'pw' });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`The directory ${join(folder, 'a', 'b')} does not exist.`);
    expect((await users([...command, '--parents'], { stdin: 'pw' })).status).toBe(0);
    expect(await readFile(deep, 'utf8')).toContain('carol:$2y$10$');
  });

  it('takes no password as an argument', async () => {
    const ended = await usersHere(['add', 'carol', 'secret'], { isTTY: true, answers: ['pw', 'pw'] });
    expect(ended.status).toBe(2);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('users passwd', () => {
  it('changes one hash and nothing else', async () => {
    await writeFile(path, FILE);
    const ended = await usersHere(['passwd', 'alice', '--password-stdin'], { stdin: 'new' });
    expect(ended.status).toBe(0);
    expect(await readFile(path, 'utf8')).toBe(FILE.replace(SHA, await hashOf('alice')));
    expect(verifyHash(await hashOf('alice'), 'new')).toBe(true);
  });

  it('knows nobody but those in the file', async () => {
    await writeFile(path, FILE);
    const ended = await usersHere(['passwd', 'eve', '--password-stdin'], { stdin: 'new' });
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('no user "eve"') });
    expect(await readFile(path, 'utf8')).toBe(FILE);
  });
});

describe('users remove', () => {
  it('removes one line and nothing else', async () => {
    await writeFile(path, FILE);
    expect((await usersHere(['remove', 'alice'])).status).toBe(0);
    expect(await readFile(path, 'utf8')).toBe(`# team\n\nbob:${SHA256}\n`);
  });

  it('removes the tokens that the user made with the user, and no others', async () => {
    await writeFile(path, FILE);
    const scope = [{ repositories: ['a'], allow: ['pull' as const] }];
    const rows = [
      machineToken({ id: 'm-1', maker: 'alice', scope }),
      machineToken({ id: 'm-2', maker: 'bob', scope }),
      machineToken({ id: 'm-3', name: 'alice' }),
    ].map(({ token }) => token);
    await writeFile(join(folder, 'tokens.json'), JSON.stringify({ version: 1, tokens: rows }));
    const ended = await usersHere(['remove', 'alice', '--state', folder]);
    expect(ended.stderr).toBe(`Removed alice from ${path}.\nRemoved a token that alice made.\n`);
    const { tokens } = JSON.parse(await readFile(join(folder, 'tokens.json'), 'utf8'));
    expect(tokens.map(({ id }: { id: string }) => id)).toEqual(['m-2', 'm-3']);
    const again = await usersHere(['remove', 'bob', '--certs', folder]);
    expect(again.stderr).toContain('Removed a token that bob made.');
  });

  it('removes the user where the tokens cannot be read, and says so', async () => {
    await writeFile(path, FILE);
    await writeFile(join(folder, 'tokens.json'), '{');
    const ended = await usersHere(['remove', 'alice', '--state', folder]);
    expect([ended.status, await readFile(path, 'utf8')]).toEqual([0, `# team\n\nbob:${SHA256}\n`]);
    expect(ended.stderr).toMatch(/Warning: the tokens that alice made stay .*tokens\.json is damaged/);
  });

  it('fails for a user who is not there, and for a file that is not there', async () => {
    expect((await usersHere(['remove', 'eve'])).stderr).toContain('does not exist');
    await writeFile(path, FILE);
    expect((await usersHere(['remove', 'eve'])).stderr).toContain('no user "eve"');
    expect(await readFile(path, 'utf8')).toBe(FILE);
  });
});

describe('users list', () => {
  it('shows how each password is kept, and no hash', async () => {
    await writeFile(path, FILE, { mode: 0o600 });
    expect(await usersHere(['list'])).toMatchObject({
      status: 0,
      stderr: '',
      stdout: [
        'NAME   SCHEME        COST',
        'alice  sha           -     weak: SHA-1 without salt or rounds',
        'bob    sha256-crypt  5000',
        '',
      ].join('\n'),
    });
  });

  it('prints JSON', async () => {
    await writeFile(path, FILE, { mode: 0o644 });
    const ended = await usersHere(['list', '--json']);
    expect(JSON.parse(ended.stdout)).toEqual([
      { name: 'alice', scheme: 'sha', cost: null, weak: true, weakness: 'SHA-1 without salt or rounds' },
      { name: 'bob', scheme: 'sha256-crypt', cost: 5000, weak: false, weakness: null },
    ]);
    expect(ended.stderr).toContain('chmod 600');
  });
});

describe('users verify', () => {
  it.each([
    ['the right password', 'alice', 'password\n', 0],
    ['a wrong password', 'alice', 'passwort\n', 1],
    ['an empty password', 'alice', '', 1],
    ['a stranger', 'eve', 'password\n', 1],
  ])('tells %s by its exit status', async (_name, name, stdin, status) => {
    await writeFile(path, FILE);
    expect((await usersHere(['verify', name, '--password-stdin'], { stdin })).status).toBe(status);
  });
});

it('users verify takes what bcrypt cuts off, as htpasswd does, and warns', async () => {
  const word = 'x'.repeat(72);
  await usersHere(['add', 'carol', '--password-stdin'], { stdin: word });
  const [exact, longer] = [word, `${word}y`].map((stdin) =>
    usersHere(['verify', 'carol', '--password-stdin'], { stdin }),
  );
  expect(await exact).toMatchObject({ status: 0, stderr: 'The password of carol is right.\n' });
  expect(await longer).toMatchObject({ status: 0, stderr: expect.stringContaining('longer than 72 bytes') });
});

describe('a file with a bad line', () => {
  it.each([
    ['add', ['add', 'carol', '--password-stdin']],
    ['passwd', ['passwd', 'alice', '--password-stdin']],
    ['remove', ['remove', 'alice']],
    ['list', ['list']],
    ['verify', ['verify', 'alice', '--password-stdin']],
  ])('is not touched by %s, which names the line', async (_name, command) => {
    const broken = `${FILE}carl:hunter2\n`;
    await writeFile(path, broken);
    const ended = await usersHere(command, { stdin: 'pw' });
    expect(ended).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('line 5: user "carl"'),
    });
    expect(ended.stderr).not.toContain('hunter2');
    expect(await readFile(path, 'utf8')).toBe(broken);
  });
});

describe('the place of the file', () => {
  it.each([
    ['--users', ['--users', 'A/x'], {}, 'A/x'],
    ['--certs', ['--certs', 'A'], {}, 'A/htpasswd'],
    ['REGISTRY_GATE_USERS', [], { REGISTRY_GATE_USERS: 'A/x' }, 'A/x'],
    ['REGISTRY_GATE_CERTS', [], { REGISTRY_GATE_CERTS: 'A' }, 'A/htpasswd'],
    ['a flag above the environment', ['--users', 'A/x'], { REGISTRY_GATE_USERS: 'B/y' }, 'A/x'],
  ])('comes from %s', async (_name, flags, env, expected) => {
    const here = (text: string): string => text.replace(/^[AB]\b/, (letter) => join(folder, letter));
    const ended = await users(['add', 'carol', '--password-stdin', '--parents', ...flags.map(here)], {
      stdin: 'password',
      env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)])),
    });
    expect(ended).toMatchObject({ status: 0, stderr: `Added carol to ${here(expected)}.\n` });
    expect(await readFile(here(expected), 'utf8')).toContain('carol:');
  });

  it('is certs/htpasswd when nobody says anything', async () => {
    expect(await findUsersFile({}, recordingTerminal())).toBe(join('certs', 'htpasswd'));
  });
});
