import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { TERMINAL_NEEDS, describeWith } from '../support/requires.ts';
import { startProcess } from '../support/processes.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const FIRST = 'New password for bob: ';
const SECOND = 'Repeat the password: ';

interface Seen {
  readonly screen: string;
  readonly status: number | null;
}

/** `users add bob` on a terminal of its own (script, of util-linux), whose questions are answered the moment they stand there. */
function onTerminal(file: string, answers: Readonly<Record<string, string>>): Promise<Seen> {
  const command = `${process.execPath} ${MAIN} users add bob --users ${file}`;
  const child = startProcess('script', ['-q', '-e', '-c', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const left = new Map(Object.entries(answers));
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    for (const [question, answer] of left) {
      if (!screen.includes(question)) continue;
      left.delete(question);
      child.stdin.write(answer);
    }
  });
  return new Promise((done) => child.once('close', (status) => done({ screen, status })));
}

describeWith(TERMINAL_NEEDS, 'asking for a password', () => {
  let folder: Folder;
  let file = '';

  beforeEach(async () => {
    folder = await temporaryFolder('prompt');
    file = join(folder.path, 'htpasswd');
  });

  afterEach(async () => {
    await folder.close();
  });

  it('shows nothing of it, however fast it is typed', async () => {
    const { screen, status } = await onTerminal(file, { [FIRST]: 'pa55word\r', [SECOND]: 'pa55word\r' });
    expect(status).toBe(0);
    expect(screen).toContain('Added bob');
    expect(screen).not.toContain('pa55word');
    expect(await readFile(file, 'utf8')).toMatch(/^bob:\$2y\$/);
  });

  it.each([
    {
      name: 'two that differ',
      answers: { [FIRST]: 'one\r', [SECOND]: 'other\r' },
      says: /passwords differ/,
      ends: 1,
    },
    { name: 'Ctrl-C', answers: { [FIRST]: '\u0003' }, says: /Nothing was changed/, ends: 130 },
    {
      name: 'Ctrl-C at the second question',
      answers: { [FIRST]: 'one\r', [SECOND]: '\u0003' },
      says: /Nothing was changed/,
      ends: 130,
    },
    { name: 'Ctrl-D', answers: { [FIRST]: '\u0004' }, says: /Nothing was changed/, ends: 130 },
  ])('writes nothing after $name', async ({ answers, says, ends }) => {
    const { screen, status } = await onTerminal(file, answers);
    expect(screen).toMatch(says);
    expect(screen).not.toMatch(/ at .*:\d+|bug/);
    expect(status).toBe(ends);
    expect(await readdir(folder.path)).toEqual([]);
  });
});
