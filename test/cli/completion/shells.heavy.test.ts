import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run as runCommand } from '../../../src/cli/program.ts';
import { must, temporaryFolder, type Folder } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { recordingTerminal } from '../../support/terminal.ts';
import { startNamesRegistry, type NamesRegistry } from './names-registry.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SHELLS = ['bash', 'zsh', 'fish'] as const;

let folder: Folder;
let server: NamesRegistry;
let registry: string;

beforeAll(async () => {
  folder = await temporaryFolder('completion');
  await mkdir(join(folder.path, 'bin'));
  await mkdir(join(folder.path, 'work/folder one'), { recursive: true });
  await writeFile(join(folder.path, 'work/file $(touch hit).yml'), '');
  const program = join(folder.path, 'bin/registry-gate');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${ROOT}/src/main.ts' "$@"\n`);
  await chmod(program, 0o755);
  for (const shell of SHELLS) {
    const terminal = recordingTerminal();
    await runCommand(['completion', shell], terminal);
    await writeFile(join(folder.path, shell), terminal.stdout());
  }
  server = await startNamesRegistry();
  registry = server.name;
});
/** No name that was seen, of a file or a tag, was run. */
async function expectNothingRun(): Promise<void> {
  expect((await readdir(join(folder.path, 'work'))).toSorted()).toEqual([
    'file $(touch hit).yml',
    'folder one',
  ]);
}

afterAll(async () => {
  server.close();
  await folder.close();
});

async function shell(program: string, args: readonly string[], input = ''): Promise<string> {
  const env = {
    PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}`,
    HOME: folder.path,
    XDG_CONFIG_HOME: folder.path,
    TERM: 'dumb',
  };
  const output = await must(program, args, { cwd: join(folder.path, 'work'), env, input });
  await expectNothingRun();
  return output;
}

/** What bash offers at the end of each line: a line for each, the candidates between tabs. */
async function bash(lines: readonly string[]): Promise<string[][]> {
  const script = `
    source '${join(folder.path, 'bash')}'
    COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'
    while IFS= read -r COMP_LINE; do
      COMP_POINT=\${#COMP_LINE}
      _registry_gate registry-gate
      printf '%s\\t' "\${COMPREPLY[@]}"; echo
    done`;
  return candidates(await shell('bash', ['--norc', '-c', script], lines.map((line) => `${line}\n`).join('')));
}

async function fish(lines: readonly string[]): Promise<string[][]> {
  const script = `
    source '${join(folder.path, 'fish')}'
    while read -l line
      echo (complete -C "$line" | string replace -r '\\t.*' '' | string join \\t)
    end`;
  return candidates(
    await shell('fish', ['--no-config', '-c', script], lines.map((line) => `${line}\n`).join('')),
  );
}

/** Types the lines at a zsh, and tells what they are after Tab. */
async function zsh(lines: readonly string[]): Promise<string[]> {
  const script = `
    zmodload zsh/zpty
    zpty z 'zsh -f -i'
    zpty -w z 'PS1=""; unsetopt zle_bracketed_paste beep; autoload -Uz compinit; compinit -u -D; source ${join(folder.path, 'zsh')}; show() { print -r -- "GOT<$BUFFER>TOG"; zle kill-whole-line }; zle -N show; bindkey "^X" show; bindkey "^I" complete-word; print REA""DY'
    zpty -r -m z out '*READY*'
    while IFS= read -r line; do
      zpty -w -n z "$line"$'\\t\\x18'
      zpty -r -m z out '*GOT<*>TOG*'
      print -r -- "\${\${out##*GOT<}%%>TOG*}"
    done
    zpty -d z`;
  const output = await shell('zsh', ['-f', '-c', script], lines.map((line) => `${line}\n`).join(''));
  return output.split('\n');
}

function candidates(output: string): string[][] {
  return output.split('\n').map((line) =>
    line
      .split('\t')
      .filter((word) => word !== '')
      .toSorted(),
  );
}

/** The line, and all that may follow it. */
const STATIC: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['registry-gate im', ['images']],
  ['registry-gate certs ', ['init', 'issue', 'renew', 'revoke', 'rollover', 'status', 'trust']],
  ['registry-gate certs init --key ', ['ecdsa', 'rsa']],
  ['registry-gate certs trust --for docker-r', ['docker-rootless']],
  ['registry-gate serve --log-format ', ['auto', 'human', 'json']],
  ['registry-gate completion z', ['zsh']],
  ['registry-gate tokens create ci --al', ['--allow']],
  ['registry-gate images cat x --platf', ['--platform']],
  ['registry-gate images cat --ca x oci-', ['oci-archive:']],
  ['registry-gate access check alice pu', ['pull', 'push']],
];

describeWith(['bash'], 'bash', () => {
  it('completes commands, options and values', async () => {
    const offered = await bash(STATIC.map(([line]) => line));
    expect(STATIC.map(([line], n) => [line, offered[n]])).toEqual(STATIC);
  });

  it('completes files and directories', async () => {
    expect(
      await bash([
        'registry-gate serve --config fi',
        'registry-gate serve --config=fi',
        'registry-gate gc --data f',
      ]),
    ).toEqual([['file $(touch hit).yml'], ['file $(touch hit).yml'], ['folder one']]);
  });

  it('completes what follows the last colon of a name', async () => {
    const [repositories, tags] = await bash([
      `registry-gate images cat --plain-http ${registry}/te`,
      `registry-gate images cat --plain-http ${registry}/team/app:1`,
    ]);
    const port = registry.split(':')[1] ?? '';
    expect(repositories).toEqual([`${port}/team/app`, `${port}/team/web`]);
    expect(tags).toEqual(['1.0', '1.1']);
  });
});

describeWith(['fish'], 'fish', () => {
  it('completes commands, options and values', async () => {
    const offered = await fish(STATIC.map(([line]) => line));
    expect(STATIC.map(([line], n) => [line, offered[n]])).toEqual(STATIC);
  });

  it('completes names of a registry', async () => {
    expect(
      await fish([
        `registry-gate images cat --plain-http ${registry}/te`,
        `registry-gate images cat --plain-http ${registry}/team/app:1`,
      ]),
    ).toEqual([
      [`${registry}/team/app`, `${registry}/team/web`],
      [`${registry}/team/app:1.0`, `${registry}/team/app:1.1`],
    ]);
  });
});

describeWith(['zsh'], 'zsh', () => {
  it('completes commands, options, values and names', async () => {
    const lines: readonly (readonly [string, string])[] = [
      ['registry-gate im', 'registry-gate images '],
      ['registry-gate certs init --key e', 'registry-gate certs init --key ecdsa '],
      ['registry-gate certs init --key=e', 'registry-gate certs init --key=ecdsa '],
      ['registry-gate completion z', 'registry-gate completion zsh '],
      ['registry-gate tokens create ci --al', 'registry-gate tokens create ci --allow '],
      ['registry-gate gc --data fo', String.raw`registry-gate gc --data folder\ one/`],
      [
        `registry-gate images cat --plain-http ${registry}/team/w`,
        `registry-gate images cat --plain-http ${registry}/team/web `,
      ],
      [
        `registry-gate images cat --plain-http ${registry}/team/app:l`,
        `registry-gate images cat --plain-http ${registry}/team/app:latest `,
      ],
    ];
    expect(await zsh(lines.map(([line]) => line))).toEqual(lines.map(([, completed]) => completed));
  });
});
