import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { makeKind } from '../support/image-kinds.ts';
import { openImageStage, type ImageStage } from '../support/image-stage.ts';
import { pushKind, tagged } from '../support/place-kinds.ts';
import { describeWith } from '../support/requires.ts';
import { recordingTerminal } from '../support/terminal.ts';

/** The right column of the table of commands that need no daemon, in the order of the page. */
function commandsOf(page: string): readonly string[] {
  const text = readFileSync(resolve(import.meta.dirname, '../..', page), 'utf8');
  const [, table = ''] = /^\| [^\n]*(?:without a daemon|데몬 없이)[^\n]*\n([\s\S]*?)\n\n/m.exec(text) ?? [];
  return table
    .split('\n')
    .slice(1)
    .flatMap((row) => /`gate ([^`]+)`[^|]*\|$/.exec(row)?.[1] ?? []);
}

/** What each command of the table has to print, or to leave behind. */
const EXPECTED: Readonly<Record<string, RegExp>> = {
  'images list': /team\/app/,
  'images tags': /^1\b.*\n2\b|^2\b.*\n1\b/m,
  'images inspect': /"Architecture": "amd64"/,
  'images history': /COPY --chown=1000:1000/,
  'images diff': /sha256:|layer/i,
  'images files': /motd/,
  'images cat': /^Welcome back$/m,
  'images tag': /stable/,
  'images copy': /copied/,
  'images save': /team\/app:1/,
  'images load': /copies\/team\/app:1/,
  'images sync': /mirror\/team\/app/,
  'images remove': /stable/,
  'gc --untagged': /Freed/,
};

/** What `sync.yml` of the page may hold. */
function planOf({ embedded, stock }: ImageStage): string {
  return `from: ${embedded.host}\nto: ${stock.host}\nprefix: mirror/\nrepositories: [team/app]\n`;
}

describeWith(['docker-registry'], 'the table of the README with docker left and the gate right', () => {
  let stage: ImageStage;
  let digest: string;

  beforeAll(async () => {
    stage = await openImageStage();
    const kind = await makeKind('platforms');
    digest = kind.root.digest;
    await pushKind(stage.embedded.url, 'team/app', kind);
    await pushKind(stage.embedded.url, 'team/app', await makeKind('oci'), '2');
    await writeFile(join(stage.folder, 'sync.yml'), planOf(stage));
  });
  afterAll(() => stage.close());

  it('has the same commands in both languages, and an expectation for each', () => {
    const commands = commandsOf('README.md');
    expect(commandsOf('README.ko.md')).toEqual(commands);
    expect(commands.map((command) => command.split(' ').slice(0, 2).join(' '))).toEqual(
      Object.keys(EXPECTED),
    );
  });

  /** The registries of the page are `embedded` and `stock`, files lie in the folder, and nothing is encrypted. */
  async function does(command: string): Promise<string> {
    const words = command
      .replaceAll('registry.lan', stage.embedded.host)
      .replaceAll('other.lan', stage.stock.host)
      .replaceAll('app.tar.gz', join(stage.folder, 'app.tar.gz'))
      .replaceAll('sync.yml', join(stage.folder, 'sync.yml'))
      .split(' ');
    const where = command.startsWith('images') ? ['--plain-http'] : ['--data', join(stage.folder, 'data')];
    const terminal = recordingTerminal({ env: { HOME: '/nonexistent' } });
    const code = await run([...words, ...where], terminal);
    if (code !== 0) throw new Error(`${command}: ${code}\n${terminal.stderr()}`);
    return `${terminal.stdout()}${terminal.stderr()}`;
  }

  it.each(commandsOf('README.md'))('%s', async (command) => {
    const expected = EXPECTED[command.split(' ').slice(0, 2).join(' ')];
    expect(await does(command)).toMatch(expected ?? /^never$/);
  });

  it('left behind what it says', async () => {
    const { embedded, stock } = stage;
    expect(await tagged(embedded.url, 'team/app')).toBe(digest);
    expect(await tagged(embedded.url, 'team/app', 'stable')).toBeUndefined();
    expect(await tagged(stock.url, 'team/app')).toBe(digest);
    expect(await tagged(stock.url, 'copies/team/app')).toBe(digest);
    expect(await tagged(stock.url, 'mirror/team/app')).toBe(digest);
  });
});
