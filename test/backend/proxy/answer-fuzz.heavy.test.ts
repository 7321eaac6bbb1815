import { describe, expect, it } from 'vitest';
import { corpus } from './answer-corpus.ts';
import { createDice, makeAnswer, renderAnswer, type Dice, type Meaning } from './answer-grammar.ts';
import { mutate } from './answer-mutations.ts';
import { compareAll, type Compared, type Input } from './compare-verdicts.ts';

/** HOSTILE=full reads a million inputs; each test is a part of them, so that some can be run alone: `-t 'inputs from 300000'`. */
const FULL = process.env['HOSTILE'] === 'full';
const INPUTS = FULL ? 1_000_000 : 20_000;
const IN_ONE_TEST = FULL ? 50_000 : 10_000;
const AT_ONCE = 200;
const DEADLINE_MS = 900_000;

interface Made extends Input {
  readonly seed: number;
  /** What a valid answer means; undefined where it was mutated. */
  readonly meaning: Meaning | undefined;
}

/** One in four keeps to the grammar. */
function make(seed: number): Made {
  const dice = createDice(seed);
  const { parts, meaning } = makeAnswer(dice);
  if (dice.once(4)) return { seed, method: parts.method, bytes: renderAnswer(parts), meaning };
  return { seed, ...mutate(parts, dice), meaning: undefined };
}

function twoPlaces(bytes: Buffer, dice: Dice): readonly number[] {
  return [dice.roll(bytes.length + 1), dice.roll(bytes.length + 1)].toSorted((one, other) => one - other);
}

function complaintsAboutMeaning(meaning: Meaning | undefined, { ours, node }: Compared): readonly string[] {
  if (meaning === undefined) return [];
  const expected = [meaning.status, meaning.body, meaning.interim.length > 0];
  const [mine, theirs] = [
    [ours.head?.status, ours.body.toString('latin1'), ours.hadInterim],
    [node.status, node.body.toString('latin1'), node.interim.length > 0],
  ];
  const isTaken =
    ours.outcome === 'whole' &&
    ours.hasSurplus === false &&
    JSON.stringify(mine) === JSON.stringify(expected);
  return [
    ...(isTaken ? [] : [`valid, and ${ours.outcome} for ours`]),
    ...(node.complete && JSON.stringify(theirs) === JSON.stringify(expected)
      ? []
      : ['valid, and node reads something else']),
  ];
}

describe('the reader of answers, beside the parser of node', () => {
  const tally = new Map<string, number>();
  const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);

  for (let from = 0; from < INPUTS; from += IN_ONE_TEST) {
    it(
      `takes nothing that node does not take in the same sense: inputs from ${from}`,
      async () => {
        const wrong: string[] = [];
        for (let seed = from; seed < from + IN_ONE_TEST && wrong.length < 5; seed += AT_ONCE) {
          const made = Array.from({ length: AT_ONCE }, (_none, nth) => make(seed + nth));
          const dice = createDice(-1 - seed);
          const compared = await compareAll(made, ({ bytes }) => [twoPlaces(bytes, dice)]);
          for (const [nth, one] of compared.entries()) {
            const { ours, node, input } = one;
            const complaints = [...one.complaints, ...complaintsAboutMeaning(made[nth]?.meaning, one)];
            if (complaints.length > 0)
              wrong.push(
                `${seed + nth}: ${complaints.join('; ')}\n${input.method} ${JSON.stringify(input.bytes.toString('latin1').slice(0, 600))}`,
              );
            count(`ours ${ours.outcome}, node ${node.complete ? 'whole' : (node.error ?? 'open')}`);
            count(made[nth]?.meaning === undefined ? 'mutated' : 'valid');
          }
        }
        expect(wrong).toEqual([]);
        if (FULL)
          console.info(
            `answers read so far: ${[...tally]
              .map(([what, times]) => `${what}: ${times}`)
              .toSorted()
              .join('; ')}`,
          );
      },
      DEADLINE_MS,
    );
  }

  it('agrees with it on every case that is known to be difficult, cut at every place', async () => {
    const compared = await compareAll(corpus, ({ bytes }) =>
      bytes.length > 600 ? [] : Array.from({ length: bytes.length }, (_none, at) => [at]),
    );
    const wrong = compared.filter(({ complaints }) => complaints.length > 0);
    expect(
      wrong.map(({ complaints, input }) => [
        complaints.join('; '),
        input.bytes.toString('latin1').slice(0, 300),
      ]),
    ).toEqual([]);
  });
});
