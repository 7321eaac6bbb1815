import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/lib/threads/calls.ts';
import { Thread, ThreadBusy } from '../../../src/lib/threads/thread.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

interface EchoCalls {
  readonly echo: (value: string) => string;
  readonly fail: (value: string) => never;
  readonly die: (value: undefined) => never;
  readonly never: (value: undefined) => string;
  readonly [name: string]: (value: never) => unknown;
}

const PROGRAM = `
import { serveCalls } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../src/lib/threads/serve.ts')).href)};
serveCalls({
  echo: (value) => value,
  fail: (value) => { throw new Error(value); },
  die: () => { throw process.exit(1); },
  never: () => new Promise(() => {}),
});
`;

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('thread');
  await writeFile(join(folder.path, 'echo.mjs'), PROGRAM);
});
afterAll(() => folder.close());

function start(reports: Report[] = [], more: object = {}): Thread<EchoCalls> {
  return new Thread<EchoCalls>({
    name: 'echo',
    url: pathToFileURL(join(folder.path, 'echo.mjs')),
    data: undefined,
    onReport: (report) => void reports.push(report),
    heapMiB: 32,
    ...more,
  });
}

describe('a thread that answers calls', () => {
  it('answers, and fails with a reason', async () => {
    const thread = start();
    expect(await thread.call('echo', 'a')).toBe('a');
    await expect(thread.call('fail', 'for a reason')).rejects.toThrow('for a reason');
    await thread.close();
    await expect(thread.call('echo', 'a')).rejects.toThrow('no more calls');
  });

  it('reports what fails while nobody waits', async () => {
    const reports: Report[] = [];
    const thread = start(reports);
    thread.tell('fail', 'unheard');
    await expect.poll(() => String(reports[0]?.fields['reason'])).toContain('unheard');
    await thread.close();
  });

  it('leaves no call without an answer when it ends, and is not started again at once', async () => {
    const thread = start();
    const waiting = thread.call('never', undefined);
    await Promise.all([
      expect(waiting).rejects.toThrow('echo ended'),
      expect(thread.call('die', undefined)).rejects.toThrow('echo ended'),
    ]);
    await expect(thread.call('echo', 'a')).rejects.toThrow('no more calls');
    await thread.close();
  });

  it('lets as many of one owner wait as it may, and takes calls of others', async () => {
    const thread = start([], { mostWaiting: 6, mostOfOne: 2 });
    const waiting = ['a', 'a', 'b', 'c'].map((owner) => thread.call('never', undefined, owner));
    const all = Promise.allSettled(waiting);
    await expect(thread.call('echo', 'x', 'a')).rejects.toThrow(ThreadBusy);
    expect(await thread.call('echo', 'x', 'b')).toBe('x');
    waiting.push(thread.call('never', undefined, 'd'), thread.call('never', undefined, 'e'));
    const late = Promise.allSettled(waiting.slice(4));
    await expect(thread.call('echo', 'x', 'f')).rejects.toThrow(ThreadBusy);
    await thread.close();
    expect([...(await all), ...(await late)].map(({ status }) => status)).toEqual(Array(6).fill('rejected'));
  });

  it('lets a thousand wait, and no more', async () => {
    const thread = start();
    const waiting = Array.from({ length: 1000 }, () => thread.call('never', undefined));
    const all = Promise.allSettled(waiting);
    await expect(thread.call('echo', 'a')).rejects.toThrow('no more calls');
    await thread.close();
    expect((await all).every(({ status }) => status === 'rejected')).toBe(true);
  });
});
