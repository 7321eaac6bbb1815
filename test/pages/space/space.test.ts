import { describe, expect, it } from 'vitest';
import { createGarbageCount } from '../../../src/app/pages/garbage-count.ts';
import { renderBar } from '../../../src/pages/space/bars.ts';

const NOTHING = { blobs: 0, manifests: 0, uploads: 0, links: 0, unreadable: [] };

describe('a bar', () => {
  it('is to scale, and tells what its parts are', () => {
    const text = renderBar(
      [
        { label: 'alone', bytes: 30, look: 'alone' },
        { label: '<shared>', bytes: 10, look: 'shared' },
      ],
      40,
      'all',
    ).toString();
    const rects = [...text.matchAll(/<rect x="([\d.]+)" y="0" width="([\d.]+)"/g)].map(([, x, width]) => [
      x,
      width,
    ]);
    expect(rects).toEqual([
      ['0.0', '750.0'],
      ['750.0', '250.0'],
    ]);
    expect(text).toContain('<title>&lt;shared&gt;</title>');
  });

  it.each([
    ['nothing', 0, 0],
    ['less than nothing', -5, 100],
    ['more than there is', 1e300, 1],
  ])('of %s has no broken number', (_name, bytes, whole) => {
    const text = renderBar([{ label: 'x', bytes, look: 'others' }], whole, 'all').toString();
    expect(text).not.toMatch(/NaN|Infinity/);
  });
});

describe('what a collection would free', () => {
  it('is unknown where the registry does not tell', () => {
    expect(createGarbageCount({ collect: undefined, clock: () => 0 })()).toEqual({ state: 'unknown' });
  });

  it('is counted apart from the page, and again when that is long ago', async () => {
    let time = 1000;
    let runs = 0;
    const look = createGarbageCount({
      collect: async ({ dryRun, dropUntagged }) => {
        runs += 1;
        return { ...NOTHING, bytes: dryRun === true ? (dropUntagged === true ? 30 : 10) : 0 };
      },
      clock: () => time,
    });
    expect(look()).toEqual({ state: 'counting' });
    await expect.poll(look).toEqual({ state: 'known', bytes: 10, withUntagged: 30, at: 1000 });
    expect(runs).toBe(2);
    time += 60 * 60 * 1000;
    look();
    await expect.poll(look).toMatchObject({ at: time });
    expect(runs).toBe(4);
  });

  it('is not known while another collection runs', async () => {
    const look = createGarbageCount({
      collect: () => Promise.reject(new Error('locked')),
      clock: () => 0,
    });
    look();
    await expect.poll(look).toEqual({ state: 'failed' });
  });
});
