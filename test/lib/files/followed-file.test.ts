import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors.ts';
import { followFile, loadFile } from '../../../src/lib/files/followed-file.ts';
import type { FollowedFile, Reload } from '../../../src/lib/files/followed-file.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

const HOUR_MS = 3_600_000;

describe('a loaded file', () => {
  it('gives each load the value in force', async () => {
    const seen: (number | undefined)[] = [];
    const file = await loadFile<number>(async (before) => {
      seen.push(before);
      return (before ?? 0) + 1;
    });
    await file.reload();
    expect([seen, file.current()]).toEqual([[undefined, 1], 2]);
  });

  it('loads once for all calls that come while a load is running, and one load at a time', async () => {
    let loads = 0;
    let running = 0;
    const file = await loadFile(async () => {
      expect((running += 1)).toBe(1);
      await new Promise((resolve) => void setImmediate(resolve));
      running -= 1;
      return (loads += 1);
    });
    const first = file.reload();
    await Promise.resolve();
    const results = await Promise.all([first, file.reload(), file.reload(), file.reload()]);
    expect(results).toEqual([2, 3, 3, 3].map((value) => ({ ok: true, value })));
  });

  it('keeps the last good value where a load fails, and goes on with the next', async () => {
    const outcomes = [async () => 'a', () => Promise.reject(new Error('bad')), async () => 'b'];
    const file = await loadFile(async () => outcomes.shift()?.());
    expect(await file.reload()).toEqual({ ok: false, error: new Error('bad') });
    expect(file.current()).toBe('a');
    expect(await file.reload()).toEqual({ ok: true, value: 'b' });
  });
});

describe('a followed file', () => {
  let folder: Folder;
  let path: string;
  let lines: unknown[];
  let results: Reload<string>[];
  beforeEach(async () => {
    folder = await temporaryFolder('followed');
    path = join(folder.path, 'file');
    await writeFile(path, 'one');
    lines = [];
    results = [];
  });
  afterEach(() => folder.close());

  const load = async (): Promise<string> => {
    const text = await readFile(path, 'utf8');
    if (text === 'bad') throw new AppError('ACCESS_INVALID', { message: 'It is bad.' });
    if (text === 'secret') throw new SyntaxError('secret');
    return text;
  };

  const follow = (open = () => loadFile(load)): Promise<FollowedFile<string>> => {
    const say =
      (level: string) =>
      (fields: object, message: string): void =>
        void lines.push([level, fields, message]);
    return followFile({
      paths: [path],
      intervalMs: HOUR_MS,
      open,
      logger: { info: say('info'), warn: say('warn'), error: say('error'), debug: say('debug') },
      messages: { reloaded: 'reloaded', refused: 'refused' },
      describe: (text) => ({ text }),
      onReload: (result) => void results.push(result),
    });
  };

  it('is loaded again when it changes, and the outcome is logged', async () => {
    const file = await follow();
    for (const text of ['two', 'bad', 'secret', 'three']) {
      await writeFile(path, text);
      await file.check();
    }
    file.close();
    expect(lines).toEqual([
      ['info', { text: 'two' }, 'reloaded'],
      ['error', { reason: 'It is bad.' }, 'refused'],
      ['error', { reason: 'SyntaxError' }, 'refused'],
      ['info', { text: 'three' }, 'reloaded'],
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false, true]);
    expect(file.current()).toBe('three');
  });

  it('is reloaded after a change that came while it was opened', async () => {
    const file = await follow(async () => {
      const opened = await loadFile(load);
      await writeFile(path, 'two');
      return opened;
    });
    expect(file.current()).toBe('one');
    await file.check();
    file.close();
    expect(file.current()).toBe('two');
  });

  it('is not followed where the first load fails', async () => {
    await writeFile(path, 'bad');
    await expect(follow()).rejects.toThrow('It is bad.');
    expect(lines).toEqual([]);
  });
});
