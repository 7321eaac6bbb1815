import type { Command } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram, run } from '../../../src/cli/program.ts';
import { describeOptions } from '../../../src/config/options.ts';
import { FLAGS_OF, OPTIONS, asTyped } from '../../../src/cli/terminal/typed-command.ts';
import { recordingTerminal } from '../../support/terminal.ts';

const PLACE = {
  here: 'npm run -s gate --',
  afterwards: '',
  onClient: 'on-client',
  isContainer: false,
  shell: '',
};

function typed(text: string, given: Readonly<Record<string, readonly string[]>> = {}): string {
  return asTyped(text, PLACE.here, PLACE, new Map(Object.entries(given)));
}

describe('the commands of a text', () => {
  it.each<readonly [name: string, text: string, given: Record<string, readonly string[]>, becomes: string]>([
    [
      'are named as they are typed',
      'See: registry-gate users list',
      {},
      'See: npm run -s gate -- users list',
    ],
    [
      'repeat the flags that they take',
      'Make it: registry-gate certs init --host NAME (or elsewhere: --certs DIR)',
      { certs: ['/srv/c'], users: ['/srv/u'], listen: [':1'] },
      'Make it: npm run -s gate -- certs init --certs /srv/c --host NAME (or elsewhere: --certs DIR)',
    ],
    [
      'repeat a flag that was given twice, and one without a value',
      'registry-gate serve --workers auto',
      { listen: [':1', '[::1]:2'], 'audit-chain': [], workers: ['2'] },
      "npm run -s gate -- serve --listen :1 --listen '[::1]:2' --audit-chain --workers auto",
    ],
    [
      'keep a place that they name themselves',
      'registry-gate users add NAME --users /a/b',
      { certs: ['/srv/c'] },
      'npm run -s gate -- users add NAME --users /a/b',
    ],
    [
      'quote what a shell would take apart',
      'registry-gate users list.',
      { users: ["it's here"] },
      String.raw`npm run -s gate -- users list --users 'it'\''s here'.`,
    ],
    [
      'of a client are typed there, without the flags of the server',
      'registry-gate certs trust --for docker h --from https://h --fingerprint 00',
      { certs: ['/srv/c'] },
      'on-client certs trust --for docker h --from https://h --fingerprint 00',
    ],
    [
      'are found in the middle of a sentence',
      'See (registry-gate tokens list), then: registry-gate tokens revoke m1, and registry-gate certs --help.',
      { state: ['s'] },
      'See (npm run -s gate -- tokens list --state s), then: npm run -s gate -- tokens revoke --state s m1, and npm run -s gate -- certs --help.',
    ],
    [
      'are no other words',
      'registry-gate serves, registry-gate: no',
      {},
      'registry-gate serves, registry-gate: no',
    ],
  ])('%s', (_name, text, given, becomes) => {
    expect(typed(text, given)).toBe(becomes);
  });

  it('never repeat a flag that holds a secret', () => {
    const given = { 'abuse-redis': ['redis://:pw@h:1'], backend: ['http://jane:pw@h:1'] };
    expect(typed('registry-gate config check', given)).toBe('npm run -s gate -- config check');
  });
});

describe('the table of flags', () => {
  const PLACES = ['certs', 'users', 'state', 'config', 'data', 'audit', 'access', 'backend', 'listen'];

  function leaves(command: Command, parents: string): readonly (readonly [string, Command])[] {
    return command.commands.flatMap((child): readonly (readonly [string, Command])[] => {
      const name = `${parents}${child.name()}`;
      return child.commands.length > 0 ? leaves(child, `${name} `) : [[name, child]];
    });
  }

  it('has every flag of the configuration that holds no secret', () => {
    const flags = describeOptions().flatMap(({ flag, secret }) =>
      flag === undefined || secret ? [] : [flag.replace(/^--/, '').replace(/ .*$/, '')],
    );
    expect(OPTIONS).toEqual(flags);
  });

  it('has every command, with the flags that it takes', async () => {
    const program = await createProgram(recordingTerminal(), { code: 0 });
    const visible = leaves(program, '').filter(
      ([name]) => !['docs', 'complete-names', 'worker', 'help'].includes(name),
    );
    expect(visible.map(([name]) => name).sort()).toEqual(Object.keys(FLAGS_OF).sort());
    for (const [name, command] of visible) {
      const taken = command.options.map((option) => option.name());
      const listed = FLAGS_OF[name] ?? [];
      expect({ name, missing: listed.filter((flag) => !taken.includes(flag)) }).toEqual({
        name,
        missing: [],
      });
      const places = taken.filter((flag) => PLACES.includes(flag));
      expect({ name, left: places.filter((flag) => !listed.includes(flag)) }).toEqual({ name, left: [] });
    }
  });
});

describe('a hint', () => {
  it('repeats what was given on the command line, and not what comes from elsewhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hint-'));
    const certs = join(folder, 'none');
    const terminal = recordingTerminal({ env: { REGISTRY_GATE_STATE: '/elsewhere' } });
    expect(await run(['config', 'check', '--certs', certs, '--listen=:1'], terminal)).toBe(1);
    expect(terminal.stderr()).toContain(`registry-gate certs init --certs ${certs} --host NAME-OR-ADDRESS`);
    expect(terminal.stderr()).not.toMatch(/elsewhere|--listen/);
    await rm(folder, { recursive: true });
  });

  it('does not repeat the flag that is the mistake', async () => {
    const terminal = recordingTerminal();
    expect(await run(['config', 'check', '--listen', 'nowhere', '--certs', 'c'], terminal)).toBe(2);
    expect(terminal.stderr()).toMatch(/ registry-gate config check --certs c\n$/);
  });
});
