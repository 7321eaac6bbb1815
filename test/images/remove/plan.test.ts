import {
  assert,
  constantFrom,
  integer,
  property,
  record,
  subarray,
  array,
  boolean,
  option,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Contents, KnownManifest } from '../../../src/images/remove/contents.ts';
import { freedBytes, planRemoval, type Choice, type RemovalPlan } from '../../../src/images/remove/plan.ts';

/** A digest that is easy to read: `sha256:00..07`. */
function digest(at: number): string {
  return `sha256:${at.toString(16).padStart(64, '0')}`;
}

interface Made {
  readonly blobs?: readonly number[];
  readonly children?: readonly number[];
  readonly subject?: number | undefined;
}

const SIZE = 100;

function contentsOf(made: Readonly<Record<number, Made>>, tags: Readonly<Record<string, number>>): Contents {
  const manifests = Object.entries(made).map(
    ([at, { blobs = [], children = [], subject }]): KnownManifest => ({
      digest: digest(Number(at)),
      size: 1,
      blobs: blobs.map((blob) => ({ digest: digest(1000 + blob), size: SIZE })),
      children: children.map(digest),
      subject: subject === undefined ? undefined : digest(subject),
      created: undefined,
      isOpaque: false,
    }),
  );
  return {
    repository: 'team/app',
    tags: new Map(Object.entries(tags).map(([tag, at]) => [tag, digest(at)])),
    manifests: new Map(manifests.map((manifest) => [manifest.digest, manifest])),
    absent: new Set(),
  };
}

function choiceOf(tags: readonly string[], more: Partial<Choice> = {}): Choice {
  const verdicts = new Map(tags.map((tag) => [tag, { goes: true, reason: 'chosen' }]));
  return { verdicts, digests: new Set(), keepReferrers: false, ...more };
}

function actionsOf({ tags }: RemovalPlan): Record<string, string> {
  return Object.fromEntries(tags.map(({ tag, action }) => [tag, action]));
}

function numbersOf({ manifests }: RemovalPlan): readonly number[] {
  return manifests.map((manifest) => Number.parseInt(manifest.digest.slice(7), 16));
}

/** The tag of a referrer, as registries without a referrers API have it. */
function referrerTag(at: number): string {
  return digest(at).replace(':', '-');
}

describe('a plan', () => {
  const IMAGES = { 1: { blobs: [1, 2] }, 2: { blobs: [2, 3] }, 3: { blobs: [3] } };
  const INDEX = { 1: { blobs: [1] }, 2: { blobs: [2] }, 3: { children: [1, 2] } };
  it.each([
    {
      name: 'removes an image and counts what no other has',
      contents: contentsOf(IMAGES, { a: 1, b: 2 }),
      choice: choiceOf(['a']),
      actions: { a: 'remove', b: 'keep' },
      order: [1],
      freed: SIZE + 1,
    },
    {
      name: 'counts what two removed images share once',
      contents: contentsOf(IMAGES, { a: 1, b: 2, c: 3 }),
      choice: choiceOf(['a', 'b']),
      actions: { a: 'remove', b: 'remove', c: 'keep' },
      order: [1, 2],
      freed: 2 * SIZE + 2,
    },
    {
      name: 'takes a tag alone where another tag has the image',
      contents: contentsOf(IMAGES, { a: 1, latest: 1 }),
      choice: choiceOf(['a']),
      actions: { a: 'untag', latest: 'keep' },
      order: [],
      freed: 0,
    },
    {
      name: 'removes an image whose tags all go',
      contents: contentsOf({ 1: { blobs: [1, 2] } }, { a: 1, latest: 1 }),
      choice: choiceOf(['a', 'latest']),
      actions: { a: 'remove', latest: 'remove' },
      order: [1],
      freed: 2 * SIZE + 1,
    },
    {
      name: 'takes a tag alone where an index needs the image',
      contents: contentsOf(INDEX, { arm: 1, all: 3 }),
      choice: choiceOf(['arm']),
      actions: { arm: 'untag', all: 'keep' },
      order: [],
      freed: 0,
    },
    {
      name: 'removes an index before its images',
      contents: contentsOf(INDEX, { all: 3 }),
      choice: choiceOf(['all']),
      actions: { all: 'remove' },
      order: [3, 2, 1],
      freed: 2 * SIZE + 3,
    },
    {
      name: 'keeps the images of a removed index that have tags of their own',
      contents: contentsOf(INDEX, { arm: 1, all: 3 }),
      choice: choiceOf(['all']),
      actions: { arm: 'keep', all: 'remove' },
      order: [3, 2],
      freed: SIZE + 2,
    },
    {
      name: 'keeps the images that an index in an index needs',
      contents: contentsOf({ ...INDEX, 4: { children: [3] } }, { all: 3, both: 4 }),
      choice: choiceOf(['all']),
      actions: { all: 'untag', both: 'keep' },
      order: [],
      freed: 0,
    },
    {
      name: 'takes referrers along, and first',
      contents: contentsOf({ ...IMAGES, 4: { blobs: [9], subject: 1 }, 5: { subject: 4 } }, { a: 1, b: 2 }),
      choice: choiceOf(['a']),
      actions: { a: 'remove', b: 'keep' },
      order: [5, 4, 1],
      freed: 2 * SIZE + 3,
    },
    {
      name: 'leaves referrers if asked to',
      contents: contentsOf(
        { 1: { blobs: [1, 2] }, 4: { blobs: [1], subject: 1 } },
        { a: 1, [referrerTag(1)]: 4 },
      ),
      choice: choiceOf(['a'], { keepReferrers: true }),
      actions: { a: 'remove', [referrerTag(1)]: 'keep' },
      order: [1],
      freed: SIZE + 1,
    },
    {
      name: 'takes the tag of referrers along',
      contents: contentsOf(
        { 1: { blobs: [1] }, 4: { subject: 1 }, 5: { children: [4] } },
        { a: 1, [referrerTag(1)]: 5, [`${referrerTag(1)}.sig`]: 4 },
      ),
      choice: choiceOf(['a']),
      actions: { a: 'remove', [referrerTag(1)]: 'remove', [`${referrerTag(1)}.sig`]: 'remove' },
      order: [5, 4, 1],
      freed: SIZE + 3,
    },
    {
      name: 'keeps the image to which a tagged artifact refers',
      contents: contentsOf({ 1: { blobs: [1] }, 2: { subject: 1 } }, { a: 1, sbom: 2 }),
      choice: choiceOf(['a']),
      actions: { a: 'untag', sbom: 'keep' },
      order: [],
      freed: 0,
    },
    {
      name: 'removes an artifact, and leaves the image to which it refers',
      contents: contentsOf({ 1: { blobs: [1] }, 2: { subject: 1 } }, { a: 1, sbom: 2 }),
      choice: choiceOf(['sbom']),
      actions: { a: 'keep', sbom: 'remove' },
      order: [2],
      freed: 1,
    },
    {
      name: 'keeps the signatures of images that stay',
      contents: contentsOf({ 1: {}, 2: { blobs: [2] } }, { a: 1, [`${referrerTag(1)}.sig`]: 2, sig: 2 }),
      choice: choiceOf(['sig']),
      actions: { a: 'keep', [`${referrerTag(1)}.sig`]: 'keep', sig: 'untag' },
      order: [],
      freed: 0,
    },
    {
      name: 'keeps a tag of referrers whose image it does not know',
      contents: contentsOf({ 2: { blobs: [2] } }, { [referrerTag(1)]: 2 }),
      choice: choiceOf([]),
      actions: { [referrerTag(1)]: 'keep' },
      order: [],
      freed: 0,
    },
    {
      name: 'removes an image by digest with all its tags',
      contents: contentsOf(IMAGES, { a: 1, b: 1, c: 2 }),
      choice: choiceOf([], { digests: new Set([digest(1)]) }),
      actions: { a: 'remove', b: 'remove', c: 'keep' },
      order: [1],
      freed: SIZE + 1,
    },
    {
      name: 'keeps an image that is named by digest, and its tag, where an index needs it',
      contents: contentsOf(INDEX, { arm: 1, all: 3 }),
      choice: choiceOf([], { digests: new Set([digest(1)]) }),
      actions: { arm: 'keep', all: 'keep' },
      order: [],
      freed: 0,
    },
    {
      name: 'survives an index whose images are not there',
      contents: contentsOf({ 3: { children: [1, 2] } }, { all: 3 }),
      choice: choiceOf(['all']),
      actions: { all: 'remove' },
      order: [3],
      freed: 1,
    },
    {
      name: 'survives tags that refer to each other',
      contents: contentsOf({ 1: {}, 2: {} }, { [referrerTag(1)]: 2, [referrerTag(2)]: 1, a: 1 }),
      choice: choiceOf(['a']),
      actions: { [referrerTag(1)]: 'remove', [referrerTag(2)]: 'remove', a: 'remove' },
      order: [2, 1],
      freed: 2,
    },
  ])('$name', ({ contents, choice, actions, order, freed }) => {
    const plan = planRemoval(contents, choice);
    expect(actionsOf(plan)).toEqual(actions);
    expect(numbersOf(plan)).toEqual(order);
    expect(freedBytes([plan])).toBe(freed);
  });

  it('says why a digest has to stay', () => {
    const plan = planRemoval(contentsOf(INDEX, { all: 3 }), choiceOf([], { digests: new Set([digest(1)]) }));
    expect([...plan.refused]).toEqual([[digest(1), 'the index of all needs it']]);
  });

  it('counts a blob that another repository of the same store keeps as kept', () => {
    const one = planRemoval(contentsOf(IMAGES, { a: 1 }), choiceOf(['a']));
    const other = planRemoval(contentsOf({ 2: { blobs: [2, 3] } }, { b: 2 }), choiceOf([]));
    const twin = planRemoval(contentsOf(IMAGES, { a: 1 }), choiceOf(['a']));
    const own = contentsOf({ 1: { blobs: [1, 2] } }, { a: 1 });
    expect(freedBytes([planRemoval(own, choiceOf(['a']))])).toBe(2 * SIZE + 1);
    expect(freedBytes([one, twin])).toBe(freedBytes([one]));
    expect(freedBytes([planRemoval(own, choiceOf(['a'])), other])).toBe(SIZE + 1);
  });
});

const COUNT = 12;
/** Children, subjects and tags name any manifest; a child stands before its index, as hashes demand. */
const anyContents = record({
  made: array(
    record({
      blobs: subarray([1, 2, 3, 4, 5, 6]),
      children: array(integer({ min: 0, max: COUNT }), { maxLength: 3 }),
      subject: option(integer({ min: 0, max: COUNT + 3 }), { nil: undefined, freq: 2 }),
    }),
    { minLength: 1, maxLength: COUNT },
  ),
  plain: array(integer({ min: 0, max: COUNT }), { minLength: 1, maxLength: 8 }),
  referring: array(record({ of: integer({ min: 0, max: COUNT + 2 }), at: integer({ min: 0, max: COUNT }) }), {
    maxLength: 3,
  }),
  chosen: subarray(['t0', 't1', 't2', 't3', 't4', 't5', 't6', 't7']),
  digests: array(integer({ min: 0, max: COUNT }), { maxLength: 2 }),
  keepReferrers: boolean(),
  suffix: constantFrom('', '.sig'),
});

describe('any plan', () => {
  const check = (judge: (plan: RemovalPlan, contents: Contents, choice: Choice) => void): void =>
    assert(
      property(anyContents, ({ made, plain, referring, chosen, digests, keepReferrers, suffix }) => {
        const last = made.length - 1;
        const numbered = made.map(({ children, blobs, subject }, at) => [
          at,
          { blobs, subject, children: [...new Set(children.filter((child) => child < at))] },
        ]);
        const contents = contentsOf(Object.fromEntries(numbered), {
          ...Object.fromEntries(plain.map((at, tag) => [`t${tag}`, Math.min(at, last)])),
          ...Object.fromEntries(
            referring.map(({ of, at }) => [`${referrerTag(of)}${suffix}`, Math.min(at, last)]),
          ),
        });
        const choice = choiceOf(chosen, {
          digests: new Set(digests.filter((at) => at <= last).map(digest)),
          keepReferrers,
        });
        judge(planRemoval(contents, choice), contents, choice);
      }),
      { numRuns: 1000 },
    );
  const goneOf = ({ manifests }: RemovalPlan): ReadonlySet<string> =>
    new Set(manifests.map((it) => it.digest));

  it('leaves every tag that was not chosen its image, whole', () => {
    check((plan, contents, choice) => {
      const gone = goneOf(plan);
      const waiting = [...contents.tags]
        .filter(
          ([tag, to]) =>
            tag.startsWith('t') && choice.verdicts.get(tag) === undefined && !choice.digests.has(to),
        )
        .map(([, to]) => to);
      const seen = new Set<string>();
      for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
        if (seen.has(at)) continue;
        seen.add(at);
        expect(gone.has(at)).toBe(false);
        const { children = [], subject, blobs = [] } = contents.manifests.get(at) ?? {};
        for (const blob of blobs) expect(plan.freed.has(blob.digest)).toBe(false);
        waiting.push(...children, ...(subject === undefined || choice.keepReferrers ? [] : [subject]));
      }
    });
  });

  it('leaves every index that stays its children', () => {
    check((plan, contents) => {
      const gone = goneOf(plan);
      // What has no tag and is in no plan was read by nobody's wish: only what a tag reaches counts.
      const reached = new Set(plan.tags.filter(({ action }) => action === 'keep').map((it) => it.digest));
      for (const at of reached)
        for (const child of contents.manifests.get(at)?.children ?? []) {
          reached.add(child);
          expect(gone.has(child)).toBe(false);
        }
    });
  });

  it('counts nothing as freed that stays, and each blob once', () => {
    check((plan, contents) => {
      const gone = goneOf(plan);
      const stored = (at: string): readonly string[] => [
        at,
        ...(contents.manifests.get(at)?.blobs ?? []).map((blob) => blob.digest),
      ];
      const left = new Set([...contents.manifests.keys()].filter((at) => !gone.has(at)).flatMap(stored));
      const freed = new Set([...gone].flatMap(stored).filter((at) => !left.has(at)));
      expect(new Set(plan.freed.keys())).toEqual(freed);
      const sizes = [...freed].map((at) => (contents.manifests.has(at) ? 1 : SIZE));
      expect(freedBytes([plan])).toBe(sizes.reduce((sum, size) => sum + size, 0));
    });
  });

  it('deletes an index before its children and a referrer before its image', () => {
    check((plan, contents) => {
      const order = [...goneOf(plan)];
      for (const [at, { children }] of contents.manifests)
        for (const child of children)
          expect(
            !order.includes(at) ||
              !order.includes(child) ||
              plan.manifests.find((it) => it.digest === child)?.after.includes(at),
          ).toBe(true);
      expect(order.length).toBe(plan.manifests.length);
    });
  });

  it('removes a tag only with its image, or alone where something needs the image', () => {
    check((plan) => {
      const gone = goneOf(plan);
      for (const { digest: to, action } of plan.tags) expect(action === 'remove').toBe(gone.has(to));
      const named = plan.manifests.flatMap(({ tags }) => tags).toSorted();
      const removed = plan.tags.filter(({ action }) => action === 'remove').map(({ tag }) => tag);
      expect(named).toEqual(removed.toSorted());
    });
  });
});
