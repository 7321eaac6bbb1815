import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DIFFERENCES } from '../backend/embedded/manifest-differences.ts';
import { ReferenceRegistry, REPOSITORY, type Verdicts } from '../backend/embedded/reference-registry.ts';
import { CHANGES, KINDS, mutantOf } from '../backend/embedded/manifest-mutants.ts';
import { serveEmbedded } from '../backend/embedded/server.ts';
import { ACCEPT, SpecClient } from '../backend/embedded/spec-client.ts';
import { describeWith } from '../support/requires.ts';

const isTaken = (status: number): boolean => status === 201;

/** In words, for the list of what is not explained. */
function wordsOf({ mutant, theirs, ours }: Verdicts): string {
  return `${mutant.odd.join(' + ')}: docker-registry ${theirs}, we ${ours}: ${mutant.bytes.toString('latin1').slice(0, 300)}`;
}

describeWith(
  ['docker-registry'],
  'manifests that are odd in one way, judged by docker-registry and by us',
  () => {
    let reference: ReferenceRegistry;
    const verdicts: Verdicts[] = [];

    beforeAll(async () => {
      reference = await ReferenceRegistry.open();
      for (const kind of KINDS) {
        for (const name of CHANGES.keys()) {
          verdicts.push(await reference.judge(mutantOf(kind, [name], reference.stock)));
        }
      }
    }, 300_000);
    afterAll(() => reference.close());

    it('differ in nothing but what is listed', () => {
      const unexplained = verdicts.filter(({ mutant, theirs, ours }) => {
        const taken = isTaken(ours) ? 'by us alone' : 'by them alone';
        return (
          isTaken(theirs) !== isTaken(ours) &&
          !DIFFERENCES.some(
            (difference) => difference.taken === taken && mutant.odd.some((odd) => difference.odd.test(odd)),
          )
        );
      });
      expect(unexplained.map(wordsOf)).toEqual([]);
    });

    it.each(DIFFERENCES)('differ as listed: $why', ({ odd, taken }) => {
      const found = verdicts.filter(
        ({ mutant, theirs, ours }) =>
          mutant.odd.some((name) => odd.test(name)) &&
          isTaken(theirs) !== isTaken(ours) &&
          isTaken(ours) === (taken === 'by us alone'),
      );
      expect(found.length).toBeGreaterThan(0);
    });

    it('never fail with an error of the server', () => {
      expect(verdicts.filter(({ ours }) => ours >= 500).map(wordsOf)).toEqual([]);
    });

    it('are all served from the folder of docker-registry, as it serves them, and collecting garbage goes on', async () => {
      const theirs = new SpecClient(reference.registry.url);
      const server = await serveEmbedded(reference.registry.data);
      const ours = new SpecClient(server.url);
      const differing: string[] = [];
      for (const { mutant } of verdicts.filter((one) => isTaken(one.theirs))) {
        const digest = `sha256:${createHash('sha256').update(mutant.bytes).digest('hex')}`;
        const path = `/v2/${REPOSITORY}/manifests/${digest}`;
        const [theirAnswer, ourAnswer] = await Promise.all(
          [theirs, ours].map((client) => client.ask('GET', path, { headers: { Accept: ACCEPT } })),
        );
        const types = [theirAnswer, ourAnswer].map(
          (answer) => `${answer?.status} ${answer?.headers['content-type']}`,
        );
        if (types[0] !== types[1]) differing.push(`${mutant.odd.join()}: ${types.join(' / ')}`);
      }
      const report = await server.embedded.collectGarbage({ graceMs: -60_000 });
      for (const digest of [reference.stock.config, reference.stock.layer]) {
        await ours.expect(200, 'HEAD', `/v2/${REPOSITORY}/blobs/${digest}`);
      }
      theirs.close();
      ours.close();
      await server.close();
      expect(differing).toEqual([]);
      expect(report).toMatchObject({ blobs: 0, links: 0 });
    }, 300_000);
  },
);
