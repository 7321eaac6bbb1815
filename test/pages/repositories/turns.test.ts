import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/pages/repositories/remove/turns.ts';

/** Tasks that note when they begin, and end when they are told to. */
function createTasks(): {
  readonly begun: string[];
  readonly task: (name: string) => () => Promise<string>;
  readonly end: (name: string) => void;
} {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  return {
    begun,
    task: (name) => () => {
      const ending = Promise.withResolvers<string>();
      begun.push(name);
      ends.set(name, ending);
      return ending.promise;
    },
    end: (name) => ends.get(name)?.resolve(name),
  };
}

describe('turns', () => {
  it('run one task of a repository at a time, in their order, also after one that failed', async () => {
    const turns = new Turns();
    const { begun, task, end } = createTasks();
    const failed = turns.take('a', () => Promise.reject(new Error('broken')));
    const second = turns.take('a', task('2'));
    const third = turns.take('a', task('3'));
    await expect(failed).rejects.toThrow('broken');
    await expect.poll(() => begun).toEqual(['2']);
    end('2');
    expect(await second).toBe('2');
    await expect.poll(() => begun).toEqual(['2', '3']);
    end('3');
    expect(await third).toBe('3');
  });

  it('run those of three repositories side by side, and then of the one that waits longest', async () => {
    const turns = new Turns();
    const { begun, task, end } = createTasks();
    for (const name of ['a', 'b', 'c', 'd']) {
      void turns.take(name, task(`${name}1`));
      void turns.take(name, task(`${name}2`));
    }
    expect(begun).toEqual(['a1', 'b1', 'c1']);
    end('b1');
    await expect.poll(() => begun).toEqual(['a1', 'b1', 'c1', 'd1']);
    end('d1');
    await expect.poll(() => begun).toEqual(['a1', 'b1', 'c1', 'd1', 'b2']);
  });

  it('are refused beyond four of a repository and sixteen of all, until one has ended', async () => {
    const turns = new Turns();
    const { task, end } = createTasks();
    const first = turns.take('a', task('first'));
    const take = (repository: string): boolean => turns.take(repository, task('x')) !== undefined;
    expect(['a', 'a', 'a', 'a'].map(take)).toEqual([true, true, true, false]);
    const names = Array.from({ length: 13 }, (_, at) => `r${at}`);
    expect(names.map(take)).toEqual([...Array(12).fill(true), false]);
    end('first');
    await first;
    await expect.poll(() => take('another')).toBe(true);
  });
});
