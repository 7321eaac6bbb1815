import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MARK, startProcess } from './processes.ts';
import { run, temporaryFolder, until, type Folder } from './programs.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const SUPPORT = join(ROOT, 'test/support');

let folder: Folder;
beforeEach(async () => {
  folder = await temporaryFolder('leaving');
  await mkdir(folder.path, { recursive: true });
});
afterEach(() => folder.close());

/** A suite of one file, run by the same set-up as ours. What it starts sleeps for a number of seconds of its own. */
async function suite(
  body: string,
): Promise<{ readonly args: readonly string[]; sleepers(): readonly string[] }> {
  const seconds = 100_000 + Math.floor(Math.random() * 1_000_000);
  const config = `export default { test: {
    root: ${JSON.stringify(folder.path)}, include: ['*.test.ts'], pool: 'forks', watch: false,
    globalSetup: ${JSON.stringify(join(SUPPORT, 'global-setup.ts'))},
    setupFiles: ${JSON.stringify(join(SUPPORT, 'setup-file.ts'))},
  } };`;
  const test = `import { it } from ${JSON.stringify(join(ROOT, 'node_modules/vitest/dist/index.js'))};
    import { spawn } from 'node:child_process';
    import { startProcess } from ${JSON.stringify(join(SUPPORT, 'processes.ts'))};
    import { run } from ${JSON.stringify(join(SUPPORT, 'programs.ts'))};
    const SECONDS = '${seconds}';
    ${body}`;
  await writeFile(join(folder.path, 'vitest.config.mjs'), config);
  await writeFile(join(folder.path, 'one.test.ts'), test);
  return {
    args: [VITEST, 'run', '--config', join(folder.path, 'vitest.config.mjs')],
    sleepers: () => commands().filter((command) => command.includes(` ${seconds}`)),
  };
}

/** The command line of every process that is not ended. */
function commands(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
}

/** Waits until nothing of a suite runs any more. */
async function untilGone(sleepers: () => readonly string[]): Promise<void> {
  await until(
    () => (sleepers().length === 0 ? true : undefined),
    () => `still there: ${sleepers().join(', ')}`,
  );
}

describe('what a test leaves running', () => {
  it.each([
    ['a process', `it('starts', () => void startProcess('sleep', [SECONDS], { stdio: 'ignore' }));`],
    [
      'a child of a process',
      `it('starts', async () => void await run('sh', ['-c', 'sleep ' + SECONDS + ' > /dev/null 2>&1 &']));`,
    ],
    [
      'a process that the product started',
      `it('starts', () => void spawn('sleep', [SECONDS], { stdio: 'ignore', detached: true }).unref());`,
    ],
    [
      'a process without its environment',
      `it('starts', () => void startProcess('env', ['-i', 'sleep', SECONDS], { stdio: 'ignore' }));`,
    ],
  ])('fails the file by name, and is killed: %s', async (_what, body) => {
    const { args, sleepers } = await suite(body);
    const { status, output } = await run(process.execPath, args, {
      cwd: folder.path,
      env: { GATE_TEST_GRACE_MS: '500' },
    });
    expect(output).toMatch(/one\.test\.ts leaves running what it has started:\n\s+\d+ .*sleep \d+/);
    expect(status).toBe(1);
    await untilGone(sleepers);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('is killed where the run ends by %s', async (signal) => {
    const { args, sleepers } = await suite(
      `it('waits', () => new Promise((done) => startProcess('sleep', [SECONDS]).once('exit', done)), 600_000);`,
    );
    const { [MARK]: _mark, ...env } = process.env;
    const tests = startProcess(process.execPath, args, { cwd: folder.path, stdio: 'ignore', env });
    await until(
      () => sleepers()[0],
      () => 'the process was not started',
    );
    tests.kill(signal);
    await untilGone(sleepers);
    expect(sleepers()).toEqual([]);
  });

  it('nothing: the file passes', async () => {
    const { args } = await suite(`it('runs', () => run('sleep', ['0']));`);
    const { status, output } = await run(process.execPath, args, { cwd: folder.path });
    expect({ status, output }).toMatchObject({ status: 0 });
  });
});
