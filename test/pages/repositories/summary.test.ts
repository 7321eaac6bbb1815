import { describe, expect, it } from 'vitest';
import type { Contents, KnownManifest } from '../../../src/images/remove/contents.ts';
import { storeManifest } from '../../../src/images/model/manifest.ts';
import { OCI_MANIFEST } from '../../../src/images/model/media-types.ts';
import { executeRemoval, type StepResult } from '../../../src/images/remove/execute.ts';
import { planRemoval } from '../../../src/images/remove/plan.ts';
import { fingerprint, prepareWish, type Removal } from '../../../src/pages/repositories/remove/prepare.ts';
import { renderResults } from '../../../src/pages/repositories/remove/results-page.ts';
import { renderSummary } from '../../../src/pages/repositories/remove/summary-page.ts';
import { summarize } from '../../../src/pages/repositories/remove/summary.ts';
import { createImagePages } from '../../support/image-pages.ts';
import { memoryRepository } from '../../support/memory-registry.ts';

function digest(at: number): string {
  return `sha256:${at.toString(16).padStart(64, '0')}`;
}

function manifest(at: number, blobs: readonly number[], children: readonly number[] = []): KnownManifest {
  return {
    digest: digest(at),
    size: 1,
    blobs: blobs.map((blob) => ({ digest: digest(1000 + blob), size: 100 })),
    children: children.map(digest),
    subject: undefined,
    created: undefined,
    isOpaque: false,
  };
}

/** 1.0 and latest are one image, 1.1 is an index of two, 0.9 is a child of it, and 2.0 stands alone. */
const CONTENTS: Contents = {
  repository: 'team/app',
  tags: new Map([
    ['1.0', digest(1)],
    ['latest', digest(1)],
    ['1.1', digest(2)],
    ['0.9', digest(3)],
    ['2.0', digest(5)],
    [`sha256-${digest(5).slice(7)}.sig`, digest(6)],
  ]),
  manifests: new Map(
    [
      manifest(1, [1, 2]),
      manifest(2, [], [3, 4]),
      manifest(3, [1, 3]),
      manifest(4, [4]),
      manifest(5, [1, 5]),
      manifest(6, [6]),
    ].map((it) => [it.digest, it]),
  ),
  absent: new Set(),
};

function removal(tags: readonly string[], change: Partial<Removal> = {}): Removal {
  const request = {
    selection: undefined,
    tags: new Set(tags),
    digests: [],
    keepReferrers: false,
    now: 0,
  };
  const verdicts = new Map(tags.map((tag) => [tag, { goes: true, reason: 'named' }]));
  return {
    request,
    contents: CONTENTS,
    plan: planRemoval(CONTENTS, { verdicts, digests: new Set(), keepReferrers: false }),
    wish: { tags: new Set(tags), digests: [], shared: 'keep' },
    abilities: { deletes: true, untags: true },
    tied: [],
    ...change,
  };
}

function fatesOf(it: Removal): readonly string[] {
  return summarize(it).tags.map(({ tag, fate, others, need }) =>
    [tag?.slice(0, 6), fate, ...others, need?.by === 'child' ? `in ${need.tag}` : ''].join(' ').trim(),
  );
}

describe('a summary of what goes', () => {
  it.each([
    ['a tag that shares its image leaves it', ['1.0'], ['1.0 alone latest']],
    ['all tags of an image take it along', ['1.0', 'latest'], ['1.0 image', 'latest image']],
    ['an image inside an index stays', ['0.9'], ['0.9 alone in 1.1']],
    ['an index leaves what has a tag of its own', ['1.1'], ['1.1 image']],
    ['a signature follows its image', ['2.0'], ['2.0 image', 'sha256 along']],
    ['a tag that is gone is said to be', ['3.0'], ['3.0 missing']],
  ])('%s', (_name, tags, fates) => {
    expect(fatesOf(removal(tags))).toEqual(fates);
  });

  it('counts what goes, and the bytes that nothing else needs, once', () => {
    const { images, children, referrers, freed, goes } = summarize(removal(['1.1', '2.0']));
    // The blobs 4, 5 and 6, and the manifests 2, 4, 5 and 6.
    expect({ images, children, referrers, freed, goes }).toEqual({
      images: 2,
      children: 1,
      referrers: 1,
      freed: 304,
      goes: true,
    });
  });

  it('says of a tag that the registry cannot remove alone that it stays', () => {
    const planned = removal([], {
      wish: { tags: new Set(['1.0']), digests: [], shared: 'keep' },
      tied: ['1.0'],
    });
    expect(fatesOf(planned)).toEqual(['1.0 stays latest']);
    expect(summarize(planned)).toMatchObject({ goes: false, isTied: true });
  });
});

describe('the fingerprint of a summary', () => {
  it('is the same for the same plan, and another one where something else would go', () => {
    const one = fingerprint(removal(['1.0']));
    expect(fingerprint(removal(['1.0']))).toBe(one);
    expect(fingerprint(removal(['1.0', 'latest']))).not.toBe(one);
    expect(fingerprint(removal(['1.0'], { tied: ['1.0'] }))).not.toBe(one);
  });
});

describe('the summary of a repository that cannot be planned with', () => {
  it('says so, and what is wrong', async () => {
    const repository = memoryRepository();
    repository.putImage({ layers: ['x'], tags: ['1.0'] });
    const get = createImagePages(repository);
    const target = '/r/team/app/-/remove?tag=1.0';
    expect((await get(target)).status).toBe(200);
    const { digest } = repository.putImage({ layers: ['y'], tags: ['odd'] });
    repository.manifests.set(digest.text, storeManifest(Buffer.from('[]'), OCI_MANIFEST));
    const { status, text } = await get(target);
    expect(status).toBe(400);
    expect(text).toContain('nothing was removed');
    expect(text).toContain('The image can&#39;t be read: its manifest is not a JSON object.');
  });
});

describe('the summary of many tags of one image', () => {
  it('names ten of those that stay', async () => {
    const repository = memoryRepository();
    const tags = Array.from({ length: 3000 }, (_, at) => `t${at}`);
    repository.putImage({ layers: ['x'], tags });
    const chosen = tags.slice(0, 1000).map((tag) => `tag=${tag}`);
    const { status, text } = await createImagePages(repository)(`/r/team/app/-/remove?${chosen.join('&')}`);
    expect(status).toBe(200);
    expect(text.match(/\(\+1990\)/g)).toHaveLength(500);
    expect(text).toContain('… and 500 more');
    // All of them are in the form, and go.
    expect(text.match(/name="tag" value="/g)).toHaveLength(1000);
    expect(text.length).toBeLessThan(1_000_000);
  });

  it('shows a bounded list of those that go along, with their number, and removes all', async () => {
    const repository = memoryRepository();
    repository.can.untag = false;
    repository.putImage({ layers: ['x'], tags: Array.from({ length: 10_000 }, (_, at) => `t${at}`) });
    const planned = await prepareWish(
      repository,
      { tags: new Set(['t77']), digests: [], shared: 'all' },
      false,
    );
    const shown = { repository: 'team/app', removal: planned, summary: summarize(planned) };
    const request = { language: 'en', csrf: 'token' } as const;
    const text = renderSummary(request, { ...shown, mayPush: false, hasChanged: false }).toString();
    expect(text.length).toBeLessThan(500_000);
    expect(text).toContain('… and 9,500 more');
    expect(text).toMatch(/Tags that go along with their images<\/dt>\s*<dd>9,999<\/dd>/);
    expect(text).toContain('Remove 10,000 tags');
    const results = await executeRemoval(repository, planned);
    expect(results.map(({ outcome, tags }) => [outcome, tags.length])).toEqual([['removed', 10_000]]);
    expect(repository.tags.size).toBe(0);
    const done = renderResults('en', { repository: 'team/app', results, isEmbedded: false, back: '/' });
    expect(done.toString()).toContain('(+9990)');
    expect(done.toString().length).toBeLessThan(10_000);
  });

  it('shows first what was not removed, where there are many results', () => {
    const results = Array.from({ length: 3000 }, (_, at): StepResult => {
      const outcome = at === 2999 ? 'failed' : 'removed';
      return { kind: 'tag', digest: digest(1), tags: [`t${at}`], outcome, error: undefined };
    });
    const text = renderResults('en', { repository: 'x', results, isEmbedded: true, back: '/' }).toString();
    expect(text.indexOf('t2999')).toBeLessThan(text.indexOf('t0<'));
    expect(text).toContain('… and 2,500 more');
  });
});
