import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLineFile, type LineFile, type LineFileOptions } from '../../../src/audit/log/line-file.ts';
import { must, run, temporaryFolder, until, type Folder } from '../../support/programs.ts';
import { MOUNT_NEEDS, describeWith } from '../../support/requires.ts';

let folder: Folder;
let told: string[];
beforeEach(async () => {
  folder = await temporaryFolder('lines');
  told = [];
});
afterEach(() => folder.close());

function openAt(path: string, more: Partial<LineFileOptions> = {}): Promise<LineFile> {
  return openLineFile({
    path,
    retryMs: 20,
    onFailure: (reason) => void told.push(reason),
    onRecovery: (lost) => void told.push(`lost ${lost}`),
    ...more,
  });
}

const numbers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => `line ${from + n}`);
const linesIn = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8')).split('\n').slice(0, -1);

it('writes all lines in order, and keeps what is there', async () => {
  const path = join(folder.path, 'log');
  await writeFile(path, 'before\n');
  const file = await openAt(path);
  for (const line of numbers(5000)) expect(file.append(line)).toBe(true);
  await file.close();
  expect(await linesIn(path)).toEqual(['before', ...numbers(5000)]);
  expect(told).toEqual([]);
});

it('loses no line where the file is moved away again and again', async () => {
  const path = join(folder.path, 'log');
  const file = await openAt(path);
  let n = 0;
  const timer = setInterval(() => {
    for (const line of numbers(50, n)) file.append(line);
    n += 50;
  }, 1);
  for (let round = 0; round < 10; round += 1) {
    const before = n;
    await until(
      () => (n > before ? true : undefined),
      () => 'nothing is written',
    );
    await rename(path, `${path}.${round}`);
    expect(await file.reopen()).toBe(true);
  }
  clearInterval(timer);
  await file.close();
  const all = [];
  for (let round = 0; round < 10; round += 1) all.push(...(await linesIn(`${path}.${round}`)));
  expect([...all, ...(await linesIn(path))]).toEqual(numbers(n));
});

it('says that the file is the same', async () => {
  const file = await openAt(join(folder.path, 'log'));
  expect(await file.reopen()).toBe(false);
  await file.close();
});

it('goes on with the old file where the new one cannot be opened', async () => {
  const path = join(folder.path, 'sub', 'log');
  await mkdir(join(folder.path, 'sub'));
  const file = await openAt(path);
  await rename(join(folder.path, 'sub'), join(folder.path, 'gone'));
  await expect(file.reopen()).rejects.toMatchObject({ code: 'ENOENT' });
  file.append('still');
  await file.close();
  expect(await linesIn(join(folder.path, 'gone', 'log'))).toEqual(['still']);
});

it('rejects what it cannot open at first', async () => {
  await expect(openAt(join(folder.path, 'no', 'log'))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('outlives the reader of a pipe, and writes to the next one', async () => {
  const path = join(folder.path, 'pipe');
  await must('mkfifo', [path]);
  await expect(openAt(path)).rejects.toMatchObject({ code: 'ENXIO' });
  const first = promisify(execFile)('head', ['-n', '1', path]);
  const file = await until(
    () => openAt(path).catch(() => undefined),
    () => 'no reader',
  );
  file.append('one');
  expect((await first).stdout).toBe('one\n');
  file.append('two');
  await expect.poll(() => told).toEqual(['EPIPE']);
  const second = promisify(execFile)('head', ['-n', '1', path]);
  expect((await second).stdout).toBe('two\n');
  await file.close();
});

describeWith([...MOUNT_NEEDS, 'umount'], 'a full disk', () => {
  let disk: string;
  beforeEach(async () => {
    disk = join(folder.path, 'disk');
    await mkdir(disk);
    await must('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]);
  });
  afterEach(async () => {
    await run('umount', ['-l', disk]);
  });

  it('is told once, and costs no line that there is room for', async () => {
    const path = join(disk, 'log');
    const file = await openAt(path);
    file.append('first');
    await expect.poll(() => linesIn(path)).toEqual(['first']);
    await writeFile(join(disk, 'filler'), Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
    const lines = numbers(3000).map((line) => line.padEnd(100, '.'));
    for (const line of lines) expect(file.append(line)).toBe(true);
    await expect.poll(() => told).toEqual(['ENOSPC']);
    await rm(join(disk, 'filler'));
    await expect.poll(() => told).toEqual(['ENOSPC', 'lost 0']);
    expect(await linesIn(path)).toEqual(['first', ...lines]);
    await file.close();
  });

  it('loses what there is no room for, and counts it', async () => {
    const path = join(disk, 'log');
    const file = await openAt(path, { mostWaiting: 1000 });
    await writeFile(join(disk, 'filler'), Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
    const kept = numbers(200).filter((line) => file.append(line.padEnd(99, '.')));
    expect(kept).toHaveLength(10);
    await expect.poll(() => told).toEqual(['ENOSPC']);
    await rm(join(disk, 'filler'));
    await expect.poll(() => told).toEqual(['ENOSPC', 'lost 190']);
    expect(await linesIn(path)).toEqual(kept.map((line) => line.padEnd(99, '.')));
    await file.close();
  });
});
