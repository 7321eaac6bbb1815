import { appendFile, mkdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { recordingTerminal, type RecordingTerminal } from '../support/terminal.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { startProcess } from '../support/processes.ts';

let folder: Folder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder('show');
  path = join(folder.path, 'audit.log');
});
afterEach(() => folder.close());

const DAY = ['2026-11-20T10:00:00.000Z', '2026-11-21T10:00:00.000Z', '2026-11-22T10:00:00.000Z'] as const;
const line = (fields: object): string => `${JSON.stringify(fields)}\n`;
const LINES = [
  { time: DAY[0], event: 'push', result: 'done', user: 'alice', repository: 'team/app', tag: '1' },
  { time: DAY[1], event: 'pull', result: 'done', user: 'token:ci', repository: 'team/app', tag: '1' },
  { time: DAY[1], event: 'pull', result: 'done', signedInBy: 'anonymous', repository: 'team' },
  { time: DAY[2], event: 'denial', result: 'denied', user: 'bob', repository: 'team/app/sub', requests: 6 },
  { time: DAY[2], event: 'log', result: 'opened', reason: 'alice' },
];

async function show(args: readonly string[]): Promise<RecordingTerminal & { readonly status: number }> {
  const terminal = recordingTerminal();
  const status = await run(['audit', 'show', '--audit', path, ...args], terminal);
  return Object.assign(terminal, { status });
}

describe('audit show', () => {
  const CASES: readonly (readonly [readonly string[], readonly number[]])[] = [
    [[], [0, 1, 2, 3, 4]],
    [['--user', 'alice'], [0]],
    [['--user', 'token:ci'], [1]],
    [['--user', 'ali'], []],
    [
      ['--repository', 'team/app'],
      [0, 1],
    ],
    [
      ['--repository', 'team/**'],
      [0, 1, 3],
    ],
    [
      ['--action', 'pull,denial'],
      [1, 2, 3],
    ],
    [
      ['--since', '2026-11-21'],
      [1, 2, 3, 4],
    ],
    [
      ['--until', DAY[1]],
      [0, 1, 2],
    ],
    [['--since', '2026-11-21', '--until', '2026-11-21T12:00Z', '--repository', 'team'], [2]],
  ];
  it.each(CASES)('%j', async (args, expected) => {
    await writeFile(path, LINES.map(line).join(''));
    const { stdout, status } = await show(['--json', ...args]);
    expect(status).toBe(0);
    expect(stdout()).toBe(expected.map((at) => line(LINES[at] ?? {})).join(''));
  });

  it('counts back from now', async () => {
    await writeFile(
      path,
      [{ time: new Date().toISOString(), event: 'pull' }, ...LINES.slice(0, 1)].map(line).join(''),
    );
    expect((await show(['--json', '--since', '1h'])).stdout().split('\n')).toHaveLength(2);
  });

  it('is a table for people, and no line of the file is obeyed by their terminal', async () => {
    const hostile = {
      time: DAY[0],
      event: 'push',
      result: 'done',
      user: 'a\u001b[31mb\u202e',
      repository: 'x\ny',
    };
    await writeFile(path, `${line(LINES[3] ?? {})}${line(hostile)}no line\n{"torn`);
    expect((await show([])).stdout()).toBe(
      [
        'TIME (UTC)            EVENT     RESULT       WHO               FROM              WHAT',
        '2026-11-22 10:00:00   denial    denied       bob               -                 team/app/sub 6 times',
        '2026-11-20 10:00:00   push      done         a?[31mb?          -                 x?y',
        '',
      ].join('\n'),
    );
  });

  it('reads the file that the configuration names', async () => {
    await writeFile(path, line(LINES[0] ?? {}));
    const config = join(folder.path, 'registry-gate.yml');
    await writeFile(config, 'audit: {file: audit.log}\n');
    const terminal = recordingTerminal();
    expect(await run(['audit', 'show', '--json', '--config', config], terminal)).toBe(0);
    expect(terminal.stdout()).toBe(line(LINES[0] ?? {}));
  });

  const MISTAKES: readonly (readonly [readonly string[], string])[] = [
    [['--since', 'yesterday'], '--since yesterday is not a time'],
    [['--action', 'push,punch'], '--action punch is unknown'],
    [['--audit', '/no/such/file'], 'does not exist'],
    [['--audit', '-'], 'goes to standard output'],
  ];
  it.each(MISTAKES)('%j is told what to do', async (args, sentence) => {
    await writeFile(path, '');
    const { status, stderr } = await show(args);
    expect(status).not.toBe(0);
    expect(stderr()).toContain(sentence);
  });
});

describe('audit show --follow', () => {
  it('goes on where the file is moved away, and where it is emptied', async () => {
    // The fourth is long: what follows when the file was emptied must not be as long as what was there.
    const written = [1, 2, 3, 4, 5].map((n) => line(n === 4 ? { n, filler: 'x'.repeat(100) } : { n }));
    const [one = '', two = '', three = '', four = '', five = ''] = written;
    await writeFile(path, one);
    const terminal = recordingTerminal();
    const done = run(['audit', 'show', '--audit', path, '--follow', '--json'], terminal);
    const shown = async (count: number): Promise<void> => {
      const all = written.slice(0, count).join('');
      await expect.poll(() => terminal.stdout()).toBe(all);
    };
    await shown(1);
    await appendFile(path, two.slice(0, 3));
    await appendFile(path, two.slice(3));
    await shown(2);
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, three);
    await writeFile(path, four);
    await shown(4);
    await truncate(path);
    await appendFile(path, five);
    await shown(5);
    terminal.signal('SIGINT');
    expect(await done).toBe(0);
  });
});

it('shows a large file in memory that does not grow with it, to a slow reader', async () => {
  await mkdir(folder.path, { recursive: true });
  const out = createWriteStream(path);
  const block = Array.from({ length: 500 }, (_, n) =>
    line({ ...LINES[0], id: `ab-${n}`, digest: `sha256:${'a'.repeat(64)}`, filler: 'x'.repeat(700) }),
  ).join('');
  for (let n = 0; n < 200; n += 1) if (!out.write(block)) await once(out, 'drain');
  out.end();
  await once(out, 'close');
  const main = resolve(import.meta.dirname, '../../src/main.ts');
  const child = startProcess(process.execPath, [main, 'audit', 'show', '--json', '--audit', path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let bytes = 0;
  let most = 0;
  for await (const chunk of child.stdout) {
    bytes += (chunk as Buffer).length;
    if (bytes % 5 === 0) most = Math.max(most, await residentOf(child.pid));
    await new Promise(setImmediate);
  }
  expect(bytes).toBe(block.length * 200);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(250 * 1024);
});

/** In KiB. */
async function residentOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
}
