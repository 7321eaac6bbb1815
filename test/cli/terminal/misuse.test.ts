import type { Command } from 'commander';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { EXAMPLES } from '../../../src/cli/examples.ts';
import { createProgram, run } from '../../../src/cli/program.ts';
import { recordingTerminal } from '../../support/terminal.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'misuse-'));
  await initCertificates({ directory: folder, hosts: ['localhost'], now: new Date() });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function gate(argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const terminal = recordingTerminal({ stdin: 'some password' });
  const code = await run(argv, terminal);
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

/** What stands in a folder, but for the note that `up` makes of the addresses of this machine. */
async function kept(path: string): Promise<readonly string[]> {
  return (await readdir(path)).filter((name) => name !== 'found-names.json');
}

interface Leaf {
  readonly name: string;
  readonly command: Command;
}

const program = await createProgram(recordingTerminal(), { code: 0 });

function below(command: Command, name: string): readonly Leaf[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => {
      const path = `${name} ${child.name()}`.trim();
      return [{ name: path, command: child }, ...below(child, path)];
    });
}

const COMMANDS = below(program, '');
const LEAVES = COMMANDS.filter(({ command }) => command.commands.length === 0);

/** What a command needs to get as far as its options. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  'certs init': ['--host', 'localhost'],
  'certs issue': ['--host', 'localhost'],
  'certs revoke': ['00'],
  'certs rollover': ['start'],
  'certs trust': ['registry.lan', '--for', 'docker', '--dry-run'],
  'users add': ['bob', '--password-stdin'],
  'users passwd': ['bob', '--password-stdin'],
  'users remove': ['bob'],
  'users verify': ['bob', '--password-stdin'],
  'tokens create': ['ci', '--repository', 'a', '--allow', 'pull'],
  'tokens revoke': ['m1'],
  'access check': ['alice', 'pull', 'a'],
  'abuse unlock': ['alice'],
  'images copy': ['oci:none', 'oci:there'],
  'images save': ['oci:none'],
  'images load': ['--input', 'none.tar'],
  'images tags': ['oci:none'],
  'images inspect': ['oci:none'],
  'images history': ['oci:none'],
  'images diff': ['oci:none', 'oci:none'],
  'images tag': ['registry.lan/team/app:1', '2'],
  'images remove': ['registry.lan/team/app:1'],
  'images sync': ['--file', 'none.yml'],
  'images files': ['oci:none'],
  'images cat': ['oci:none', '/a'],
  completion: ['bash'],
};

/** option -> values that it does not take. Where a command means something else by it, its name stands before. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  '--listen': ['nowhere', '127.0.0.1:99999'],
  '--backend': ['ftp://h', 'http://u:p@h'],
  '--backend-user': ['a:b'],
  '--backend-host': ['a b'],
  '--public-url': ['ftp://h'],
  '--abuse-redis': ['http://h'],
  '--cache-size': ['much', '1'],
  '--workers': ['0', 'many', '257', '-1'],
  '--log-format': ['pretty'],
  '--pages': ['yes'],
  '--redirect-listen': ['nowhere', 'http://h', 'fd:3'],
  '--metrics': ['here', '0.0.0.0:9464'],
  '--trace-endpoint': ['ftp://h'],
  '--days': ['x', '0', '398', '-1', '1.5'],
  '--ca-days': ['x', '0', '999999'],
  '--key': ['dsa'],
  '--constrain': ['a_b', '10.0.0.0/99'],
  '--host': ['1.2.3.256', 'a b'],
  '--reason': ['because'],
  '--issued': ['none'],
  '--name': ['a/b', '.hidden'],
  '--for': ['nothing'],
  'certs trust --from': ['registry.lan', 'http://registry.lan'],
  '--ssh': ['-oProxyCommand=id', 'a b', 'root@-x'],
  '--print': ['helm'],
  '--fingerprint': ['00', 'zz'],
  '--expires': ['5', 'tomorrow', '-1d'],
  '--allow': ['fly', 'pull,fly', ','],
  'tokens create --repository': ['UPPER', '!team/**'],
  '--network': ['here', '10.0.0.0/99'],
  'access check --from': ['here', '10.0.0'],
  '--since': ['yesterday', '5'],
  '--until': ['tomorrow'],
  '--action': ['fly'],
  '--last': ['00', 'x'],
  '--older-than': ['5', 'x'],
  '--platform': ['a/b/c/d', 'linux/'],
  '--parallel': ['0', '33', 'many'],
  'images copy --format': ['tar'],
  '--compress': ['lz4'],
  '--into': ['a b', 'registry.lan/UPPER', 'registry.lan/team:1'],
  '--filter': ['since=yesterday', 'platform=a/b/c/d'],
  '--limit': ['0', 'x', '-1'],
  '--sort': ['sideways'],
  '--human': ['perhaps'],
  '--keep-last': ['x', '-1', '1.5'],
  'doctor --client': ['lynx'],
  'doctor --push': ['UPPER'],
};

/** Commands that take any number of words. */
const TAKES_ANY_NUMBER = ['audit verify', 'images inspect', 'images save'];

/** Names of files and directories, and what is looked for: any text may be one. */
const ANYTHING = [
  '--config',
  '--certs',
  '--users',
  '--state',
  '--access',
  '--audit',
  '--cache',
  '--backend-ca',
  '--ca-key',
  '--ca-passphrase-file',
  '--offline-ca',
  '--out',
  '--data',
  '--ca',
  '--user',
  '--auth-file',
  '--output',
  '--input',
  'images inspect --format',
  '--match',
  '--file',
  '--except',
  'images files --layer',
  '--plain-http-for',
  'audit show --repository',
];

function withOptions(): readonly (readonly [string, string])[] {
  return LEAVES.flatMap(({ name, command }) =>
    command.options
      .filter((option) => option.required || option.optional)
      .map((option) => [name, option.long ?? ''] as const),
  );
}

function wrongValues(name: string, option: string): readonly string[] | undefined {
  return WRONG[`${name} ${option}`] ?? WRONG[option];
}

describe('wrong use', () => {
  it('of every option is known to this test', () => {
    const unknown = withOptions().filter(
      ([name, option]) =>
        wrongValues(name, option) === undefined &&
        !ANYTHING.includes(option) &&
        !ANYTHING.includes(`${name} ${option}`),
    );
    expect(unknown).toEqual([]);
  });

  const cases = withOptions().flatMap(([name, option]) =>
    (wrongValues(name, option) ?? []).map((value) => [name, option, value] as const),
  );

  it.each(cases)('%s %s %s ends with 2', async (name, option, value) => {
    const fixed = (ARGUMENTS[name] ?? []).filter((word, at, words) => {
      const isOption = word === option || words[at - 1] === option;
      return !isOption;
    });
    const place = LEAVES.find((leaf) => leaf.name === name)?.command.options.some(
      ({ long }) => long === '--certs',
    );
    const certs = place === true ? ['--certs', folder] : [];
    const before = await kept(folder);
    const { code, stderr } = await gate([...name.split(' '), ...fixed, ...certs, `${option}=${value}`]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/error\[[A-Z_]+\]: /) });
    expect(await kept(folder)).toEqual(before);
  });

  it.each(withOptions())('%s %s with an empty value ends with 2', async (name, option) => {
    const { code, stderr } = await gate([...name.split(' '), ...(ARGUMENTS[name] ?? []), option, '']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/error\[[A-Z_]+\]: /) });
  });

  it.each(COMMANDS.map(({ name }) => name))('%s with an unknown option says where to look', async (name) => {
    const { code, stderr } = await gate([...name.split(' '), ...(ARGUMENTS[name] ?? []), '--nonsense']);
    expect(code).toBe(2);
    expect(stderr).toContain(`error[USAGE]: Unknown option '--nonsense'.`);
    expect(stderr).toContain(`See: registry-gate ${name} --help`);
  });

  it.each(LEAVES.map(({ name }) => name))('%s with a word too many ends with 2', async (name) => {
    if (TAKES_ANY_NUMBER.includes(name)) return;
    const words = ['a', 'b', 'c', 'd', 'e'];
    expect((await gate([...name.split(' '), ...words])).code).toBe(2);
  });
});

describe('a word that is no command', () => {
  it.each([
    [['serv'], /no command "serv"\.\n {2}Did you mean serve\? See: registry-gate --help/],
    [['help', 'nothing'], /no command "nothing"\.\n {2}See: registry-gate --help/],
    [['certs', 'rene'], /Did you mean certs renew\? See: registry-gate certs --help/],
    [['help', 'certs', 'rene'], /Did you mean certs renew\?/],
    [['certs', 'help', 'rene'], /Did you mean certs renew\?/],
    [['serv', '--help'], /Did you mean serve\?/],
    [['--lisen'], /Unknown option '--lisen'/],
    [['serve', '--lisen', ':1'], /Did you mean --listen\?/],
    [['certs', 'trust', 'registry.lan'], /docker, docker-rootless, .*, or --all/],
  ])('%j is answered', async (argv, words) => {
    const { code, stdout, stderr } = await gate(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(words);
  });

  it.each([['version'], ['-v'], ['-V'], ['--version']])('%s prints the version', async (word) => {
    const { code, stdout } = await gate([word]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each([
    ['help', 'certs', 'init'],
    ['certs', 'help', 'init'],
  ])('%s %s %s is the help of that command', async (...argv) => {
    const { code, stdout } = await gate(argv);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: registry-gate certs init');
  });
});

describe('the help', () => {
  it.each([{ name: '', command: program }, ...COMMANDS])(
    'of "$name" has examples that parse',
    ({ name, command }) => {
      const lines = EXAMPLES[name] ?? [];
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines)
        expect(line.startsWith(`registry-gate ${name}`)).toBe(command !== program || true);
      for (const line of lines) {
        const words = line.split(' ').slice(1);
        const path = words.slice(0, words.findIndex((_word, at) => !isCommand(words.slice(0, at + 1))) >>> 0);
        const leaf = COMMANDS.find((it) => it.name === path.join(' ').replace(/^help /, ''));
        expect({ line, isKnown: leaf !== undefined }).toEqual({ line, isKnown: true });
        const known = leaf?.command.options.map(({ long }) => long) ?? [];
        const used = words.filter((word) => word.startsWith('--'));
        expect({ line, unknown: used.filter((flag) => !known.includes(flag)) }).toEqual({
          line,
          unknown: [],
        });
      }
    },
  );

  function isCommand(words: readonly string[]): boolean {
    const path = words.join(' ').replace(/^help ?/, '');
    return path === '' || COMMANDS.some(({ name }) => name === path);
  }

  it('of gc names no option of serve that does not concern it', async () => {
    const { stdout } = await gate(['gc', '--help']);
    for (const flag of ['--listen', '--workers', '--access', '--metrics', '--audit', '--cache'])
      expect(stdout).not.toContain(`${flag} `);
  });

  it('is written as commands are typed there', async () => {
    const terminal = recordingTerminal({ env: { npm_lifecycle_event: 'gate' } });
    await run(['users', 'add', '--help'], terminal);
    expect(terminal.stdout()).toContain('npm run -s gate -- users add alice');
  });
});
