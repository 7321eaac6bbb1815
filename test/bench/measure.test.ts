import { describe, expect, it } from 'vitest';
import type { Bench, Case, Client } from '../../bench/cases.ts';
import type { Side } from '../../bench/contenders.ts';
import { measureCase } from '../../bench/measure.ts';

const NOTHING = async (): Promise<void> => undefined;
const SETUP = { users: 'apr1', backend: 'none' } as const;

function sideOf(name: string): Side {
  return {
    name,
    port: 0,
    roots: [process.pid],
    startMs: 0,
    data: undefined,
    backend: undefined,
    close: NOTHING,
  };
}

async function measure(
  warmUps?: number,
  turns?: number,
): Promise<{ worked: readonly string[]; rounds: readonly number[] }> {
  const worked: string[] = [];
  const bench: Bench = {
    ...(warmUps === undefined ? {} : { warmUps }),
    ...(turns === undefined ? {} : { turns }),
    amount: () => 1,
    before: NOTHING,
    work: async ({ name }) => void worked.push(name),
  };
  const one: Case = {
    name: 'one',
    title: 'one',
    unit: 'request',
    needs: [],
    sides: ['a', 'b'],
    setup: SETUP,
    prepare: async () => bench,
  };
  const client = {} as Client;
  const { samples } = await measureCase(one, bench, { sides: ['a', 'b'].map(sideOf), rounds: 2, client });
  return { worked, rounds: [...samples.values()].map((list) => list.length) };
}

describe('a case', () => {
  it.each([
    { what: 'once where nothing is said', warmUps: undefined, before: ['a', 'b'] },
    { what: 'as often as it says', warmUps: 3, before: ['a', 'a', 'a', 'b', 'b', 'b'] },
  ])(
    'is done unmeasured $what, then in rounds that begin with another each time',
    async ({ warmUps, before }) => {
      const { worked, rounds } = await measure(warmUps);
      expect(worked).toEqual([...before, 'a', 'b', 'b', 'a']);
      expect(rounds).toEqual([2, 2]);
    },
  );

  it('is done in turns where it says so, and a round stays one figure', async () => {
    const { worked, rounds } = await measure(1, 3);
    expect(worked.join('')).toBe(['ab', 'abbaab', 'baabba'].join(''));
    expect(rounds).toEqual([2, 2]);
  });
});
