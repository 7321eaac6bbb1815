import { describe, expect, it } from 'vitest';
import { AccountTurns } from '../../../src/pages/image/files/thread/account-turns.ts';

describe('turns of accounts', () => {
  it('come one after the other, however much one of them asks for', async () => {
    const turns = new AccountTurns();
    const done: string[] = [];
    const all = ['mallory 1', 'mallory 2', 'mallory 3', 'bob 1', 'carol 1', 'bob 2'].map((name) =>
      turns.take(name.split(' ')[0] ?? '', () => done.push(name)),
    );
    await Promise.all(all);
    expect(done).toEqual(['mallory 1', 'bob 1', 'carol 1', 'mallory 2', 'bob 2', 'mallory 3']);
  });

  it('go on after work that fails', async () => {
    const turns = new AccountTurns();
    const failed = turns.take('a', () => {
      throw new Error('too many files');
    });
    const after = turns.take('a', () => 'done');
    await expect(failed).rejects.toThrow('too many files');
    expect(await after).toBe('done');
    expect(await turns.take('b', () => 'done too')).toBe('done too');
  });

  it('are refused to who has filled the line, not to others', async () => {
    const turns = new AccountTurns();
    const many = Array.from({ length: 65 }, () => turns.take('mallory', () => 'done'));
    const one = turns.take('bob', () => 'done');
    expect((await Promise.all(many)).filter((it) => it === undefined)).toHaveLength(2);
    expect(await one).toBe('done');
  });
});
