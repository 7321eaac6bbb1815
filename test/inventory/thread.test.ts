import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/inventory/thread/calls.ts';
import { Thread } from '../../src/inventory/thread/thread.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';

interface EchoCalls {
  readonly echo: (value: string) => string;
  readonly fail: (value: string) => never;
  readonly die: (value: undefined) => never;
  readonly never: (value: undefined) => string;
  readonly [name: string]: (value: never) => unknown;
}

const PROGRAM = `
import { serveCalls } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/inventory/thread/serve.ts')).href)};
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

function start(reports: Report[] = []): Thread<EchoCalls> {
  return new Thread<EchoCalls>({
    name: 'echo',
    url: pathToFileURL(join(folder.path, 'echo.mjs')),
    data: undefined,
    onReport: (report) => void reports.push(report),
    heapMiB: 32,
  });
}

describe('a thread of the inventory', () => {
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

  it('lets a thousand wait, and no more', async () => {
    const thread = start();
    const waiting = Array.from({ length: 1000 }, () => thread.call('never', undefined));
    const all = Promise.allSettled(waiting);
    await expect(thread.call('echo', 'a')).rejects.toThrow('no more calls');
    await thread.close();
    expect((await all).every(({ status }) => status === 'rejected')).toBe(true);
  });
});
