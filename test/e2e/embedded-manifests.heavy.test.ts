import { afterAll, beforeAll, expect, it } from 'vitest';
import { DIFFERENCES } from '../backend/embedded/manifest-differences.ts';
import { ReferenceRegistry } from '../backend/embedded/reference-registry.ts';
import { CHANGES, KINDS, mutantOf } from '../backend/embedded/manifest-mutants.ts';
import { describeWith } from '../support/requires.ts';

const SEEDS = [1, 2, 3, 4];
const EACH = 500;

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describeWith(
  ['docker-registry'],
  'manifests that are odd in several ways, judged by docker-registry and by us',
  () => {
    let reference: ReferenceRegistry;

    beforeAll(async () => {
      reference = await ReferenceRegistry.open();
    });
    afterAll(() => reference.close());

    it.each(SEEDS)(
      'differ in nothing but what is listed, from seed %d',
      async (seed) => {
        const next = numbersFrom(seed);
        const pick = (from: readonly string[]): string => from[Math.floor(next() * from.length)] ?? '';
        const names = [...CHANGES.keys()];
        const unexplained: string[] = [];
        for (let nth = 0; nth < EACH; nth += 1) {
          const odd = Array.from({ length: 2 + Math.floor(next() * 2) }, () => pick(names));
          const { mutant, theirs, ours } = await reference.judge(mutantOf(pick(KINDS), odd, reference.stock));
          if ((theirs === 201) === (ours === 201)) continue;
          const taken = ours === 201 ? 'by us alone' : 'by them alone';
          const isListed = DIFFERENCES.some(
            (one) => one.taken === taken && odd.some((name) => one.odd.test(name)),
          );
          if (!isListed)
            unexplained.push(
              `${odd.join(' + ')}: ${theirs}, ${ours}: ${mutant.bytes.toString('latin1').slice(0, 300)}`,
            );
        }
        expect(unexplained).toEqual([]);
      },
      600_000,
    );
  },
);
