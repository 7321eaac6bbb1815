import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { startProcess } from '../support/processes.ts';

const ACCESS_LOG = resolve(import.meta.dirname, '../../src/observe/access-log.ts');

let child: ChildProcess | undefined;
afterEach(() => void child?.kill('SIGKILL'));

/** A program that writes this many lines to the log and does this last; what it printed, as it comes. */
function program(
  lines: number,
  last: string,
): ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> } {
  const source = `
    import { createLog } from ${JSON.stringify(ACCESS_LOG)};
    const log = createLog({ level: 'info' });
    for (let i = 0; i < ${lines}; i += 1) log.info({ i }, 'line');
    ${last}
  `;
  const started = startProcess(process.execPath, ['--input-type=module-typescript', '--eval', source], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child = started;
  return started;
}

/** The numbers of the lines. */
function numbersOf(printed: string): readonly unknown[] {
  return printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).i);
}

const COUNT = 3000;
const ALL = Array.from({ length: COUNT }, (_, i) => i);

describe('lines on their way to standard output', () => {
  it('come while the program goes on, a single one too', async () => {
    const { stdout } = program(1, 'setInterval(() => undefined, 1000);');
    const [first] = await once(stdout, 'data');
    expect(numbersOf(String(first))).toEqual([0]);
    expect(child?.exitCode).toBeNull();
  });

  it.each([
    { name: 'is flushed and ends', last: 'log.flush(); process.exit(0);' },
    { name: 'has nothing more to do', last: '' },
    { name: 'exits at once', last: 'process.exit(3);' },
    { name: 'fails', last: "throw new Error('for the test');" },
  ])('are all there, in order, when the program $name', async ({ last }) => {
    expect(numbersOf(await text(program(COUNT, last).stdout))).toEqual(ALL);
  });
});
