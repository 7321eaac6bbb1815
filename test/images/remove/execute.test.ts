import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors.ts';
import { executeRemoval, type ExecuteOptions } from '../../../src/images/remove/execute.ts';
import { removeTagByOverwriting } from '../../../src/images/remove/overwrite-tag.ts';
import { freedBytes } from '../../../src/images/remove/plan.ts';
import { prepareRemoval, type RemovalRequest } from '../../../src/images/remove/prepare.ts';
import type { Selection } from '../../../src/images/remove/select.ts';
import { tagImage, tagImageIn } from '../../../src/images/remove/tag-image.ts';
import { memoryRepository, type MemoryRepository } from '../../support/memory-registry.ts';

const NOW = Date.UTC(2026, 10, 29);
const MATCH: Selection = {
  match: ['pr-*'],
  except: [],
  keepLast: undefined,
  olderThan: undefined,
  orphans: false,
};

function requestOf(selection: Partial<Selection>, more: Partial<RemovalRequest> = {}): RemovalRequest {
  return { selection: { ...MATCH, ...selection }, digests: [], keepReferrers: false, now: NOW, ...more };
}

async function remove(
  repository: MemoryRepository,
  request: RemovalRequest,
  meanwhile: () => void = () => undefined,
  options: ExecuteOptions = {},
): Promise<Record<string, string>> {
  const prepared = await prepareRemoval(repository, request);
  meanwhile();
  const results = await executeRemoval(repository, prepared, options);
  return Object.fromEntries(results.map(({ tags, digest, outcome }) => [tags[0] ?? digest, outcome]));
}

describe('a removal', () => {
  it('deletes images with all that belongs to them, and leaves the others whole', async () => {
    const repository = memoryRepository();
    const arm = repository.putImage({ layers: ['arm', 'base'] });
    const amd = repository.putImage({ layers: ['amd', 'base'], tags: ['amd'] });
    const index = repository.putIndex([arm, amd], ['pr-1']);
    const signature = repository.putImage({ layers: ['signature'], subject: index });
    const release = repository.putImage({ layers: ['release'], tags: ['1.0'] });
    expect(await remove(repository, requestOf({}))).toEqual({
      [signature.digest.text]: 'removed',
      'pr-1': 'removed',
      [arm.digest.text]: 'removed',
    });
    expect(repository.acts).toEqual([
      `DELETE ${signature.digest.text}`,
      `DELETE ${index.digest.text}`,
      `DELETE ${arm.digest.text}`,
    ]);
    expect([...repository.manifests.keys()]).toEqual([amd.digest.text, release.digest.text]);
  });

  it('judges by the times of configs, and of an index by its newest image', async () => {
    const repository = memoryRepository();
    repository.putImage({ layers: ['1'], created: '2026-01-01T00:00:00Z', tags: ['pr-1'] });
    repository.putImage({ layers: ['2'], created: '1970-01-01T00:00:00Z', tags: ['pr-2'] });
    const old = repository.putImage({ layers: ['3'], created: '2026-01-01T00:00:00Z' });
    const young = repository.putImage({ layers: ['4'], created: '2026-11-28T00:00:00Z' });
    repository.putIndex([old, young], ['pr-3']);
    repository.putImage({ layers: ['5'], tags: ['pr-4'] });
    repository.putImage({ layers: ['6'], created: 'Build #2019', tags: ['pr-5'] });
    repository.putImage({ layers: ['7'], created: '2019', tags: ['pr-6'] });
    expect(await remove(repository, requestOf({ olderThan: 30 * 86_400_000 }))).toEqual({
      'pr-1': 'removed',
    });
  });

  it.each<[string, (repository: MemoryRepository) => void, Record<string, string>]>([
    [
      'that was moved to another image',
      (it) => void it.putImage({ layers: ['new'], tags: ['pr-1'] }),
      { 'pr-1': 'changed' },
    ],
    [
      'whose image got a tag that stays',
      (it) => void it.tags.set('1.0', it.tags.get('pr-1') ?? ''),
      { 'pr-1': 'changed' },
    ],
    ['that is gone', (it) => void it.tags.delete('pr-1'), { 'pr-1': 'changed' }],
    [
      'whose image an index has got',
      (it) => {
        const stored = it.manifests.get(it.tags.get('pr-1') ?? '');
        if (stored !== undefined) it.putIndex([it.putImage({ layers: ['pr-1'] })], ['1.0']);
      },
      { 'pr-1': 'changed' },
    ],
    ['that nobody touched', () => undefined, { 'pr-1': 'removed' }],
  ])('of a tag %s', async (_name, meanwhile, outcome) => {
    const repository = memoryRepository();
    repository.putImage({ layers: ['pr-1'], tags: ['pr-1'] });
    expect(await remove(repository, requestOf({}), () => meanwhile(repository))).toEqual(outcome);
    expect(repository.acts.length).toBe(outcome['pr-1'] === 'removed' ? 1 : 0);
  });

  it('leaves the children of an index that could not be deleted', async () => {
    const repository = memoryRepository();
    const child = repository.putImage({ layers: ['child'] });
    const index = repository.putIndex([child], ['pr-1']);
    repository.putImage({ layers: ['other'], tags: ['pr-2'] });
    repository.beforeDelete = (reference) => {
      if (reference === index.digest.text)
        throw new AppError('REGISTRY_REFUSED', { message: 'It is protected.' });
    };
    expect(await remove(repository, requestOf({}))).toEqual({
      'pr-1': 'failed',
      [child.digest.text]: 'skipped',
      'pr-2': 'removed',
    });
    expect(repository.manifests.has(child.digest.text)).toBe(true);
  });

  it('ends where the registry does not answer, and tells what was done', async () => {
    const repository = memoryRepository();
    for (const tag of ['pr-1', 'pr-2', 'pr-3']) repository.putImage({ layers: [tag], tags: [tag] });
    repository.beforeDelete = () => {
      if (repository.acts.length === 1)
        throw new AppError('REGISTRY_UNREACHABLE', { message: 'It is gone.' });
    };
    expect(await remove(repository, requestOf({}))).toEqual({
      'pr-1': 'removed',
      'pr-2': 'failed',
      'pr-3': 'skipped',
    });
  });

  it('ends when it is told to', async () => {
    const repository = memoryRepository();
    for (const tag of ['pr-1', 'pr-2']) repository.putImage({ layers: [tag], tags: [tag] });
    const controller = new AbortController();
    const outcomes = await remove(repository, requestOf({}), undefined, {
      signal: controller.signal,
      onStep: () => controller.abort(),
    });
    expect(outcomes).toEqual({ 'pr-1': 'removed', 'pr-2': 'skipped' });
  });

  it('asks a registry that deletes nothing once', async () => {
    const repository = memoryRepository();
    for (const tag of ['pr-1', 'pr-2']) repository.putImage({ layers: [tag], tags: [tag] });
    repository.can.delete = false;
    let asked = 0;
    repository.beforeDelete = () => void (asked += 1);
    expect(await remove(repository, requestOf({}))).toEqual({ 'pr-1': 'unsupported', 'pr-2': 'unsupported' });
    expect(asked).toBe(1);
  });

  it('removes a tag alone whose image another tag has', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['x'], tags: ['pr-1', '1.0'] });
    expect(await remove(repository, requestOf({}))).toEqual({ 'pr-1': 'removed' });
    expect([...repository.tags]).toEqual([['1.0', image.digest.text]]);
    expect(repository.acts).toEqual(['DELETE pr-1']);
  });

  it('removes the tags of referrers that have lost their image', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['x'], tags: ['1.0'] });
    const kept = image.digest.text.replace(':', '-');
    repository.putImage({ layers: ['a'], tags: [`${kept}.sig`] });
    repository.putImage({ layers: ['b'], tags: [`sha256-${'0'.repeat(64)}.sig`] });
    const request = requestOf({ match: [], orphans: true });
    expect(await remove(repository, request)).toEqual({ [`sha256-${'0'.repeat(64)}.sig`]: 'removed' });
    expect([...repository.tags.keys()]).toEqual(['1.0', `${kept}.sig`]);
  });

  it('does not know a digest that is not there', async () => {
    const request = requestOf({}, { selection: undefined, digests: [`sha256:${'0'.repeat(64)}`] });
    await expect(prepareRemoval(memoryRepository(), request)).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
    });
  });

  it('plans nothing where a manifest that stays can not be read', async () => {
    const repository = memoryRepository();
    repository.putImage({ layers: ['x'], tags: ['pr-1'] });
    const { digest } = repository.putImage({ layers: ['y'], tags: ['odd'] });
    const stored = repository.manifests.get(digest.text);
    if (stored !== undefined) repository.manifests.set(digest.text, { ...stored, bytes: Buffer.from('[]') });
    await expect(prepareRemoval(repository, requestOf({}))).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringMatching(/nothing is removed/),
    });
  });

  it('counts the space of referrers too', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['1234567890'], tags: ['pr-1'] });
    repository.putImage({ layers: ['12345'], subject: image });
    const { plan } = await prepareRemoval(repository, requestOf({}));
    const stored = [...repository.manifests.values()].map(({ bytes }) => bytes.length);
    const blobs = [...repository.blobs.values()].map((bytes) => bytes.length);
    expect(freedBytes([plan])).toBe([...stored, ...blobs].reduce((sum, size) => sum + size, 0));
  });
});

describe('an image that says it is of the future', () => {
  it('does not count among the newest, and stays', async () => {
    const repository = memoryRepository();
    repository.putImage({ layers: ['1'], created: '2099-01-01T00:00:00Z', tags: ['pr-9'] });
    repository.putImage({ layers: ['2'], created: '2026-01-02T00:00:00Z', tags: ['pr-2'] });
    repository.putImage({ layers: ['3'], created: '2026-01-01T00:00:00Z', tags: ['pr-1'] });
    expect(await remove(repository, requestOf({ keepLast: 1 }))).toEqual({ 'pr-1': 'removed' });
    expect([...repository.tags.keys()]).toEqual(['pr-9', 'pr-2']);
  });
});

describe('a registry that answers 404 to a deletion', () => {
  it.each([
    ['though the image is there', ['pr-1'], 'unsupported'],
    ['though the tag is there', ['pr-1', '1.0'], 'unsupported'],
  ])('has removed nothing, %s', async (_name, tags, outcome) => {
    const repository = memoryRepository();
    repository.putImage({ layers: ['x'], tags });
    repository.deleteManifest = async () => 'missing';
    expect(await remove(repository, requestOf({}))).toEqual({ 'pr-1': outcome });
  });

  it('has removed what is gone by then', async () => {
    const repository = memoryRepository();
    repository.putImage({ layers: ['x'], tags: ['pr-1'] });
    repository.deleteManifest = async (reference) => {
      repository.manifests.delete(reference);
      return 'missing';
    };
    expect(await remove(repository, requestOf({}))).toEqual({ 'pr-1': 'removed' });
  });
});

describe('a tag at a registry that removes no tag alone', () => {
  it('goes with an empty image that is pushed over it', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['x'], tags: ['pr-1', '1.0'] });
    repository.can.untag = false;
    let mark = 0;
    const untag = (tag: string) => removeTagByOverwriting(repository, tag, () => String((mark += 1)));
    expect(await remove(repository, requestOf({}), undefined, { untag })).toEqual({ 'pr-1': 'removed' });
    expect([...repository.tags]).toEqual([['1.0', image.digest.text]]);
    expect([...repository.manifests.keys()]).toEqual([image.digest.text]);
  });

  it('is put back where the empty image can not be deleted', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['x'], tags: ['pr-1'] });
    repository.can.untag = false;
    let deletions = 0;
    repository.beforeDelete = () => {
      deletions += 1;
      if (deletions === 2) throw new AppError('REGISTRY_REFUSED', { message: 'protected' });
    };
    let mark = 0;
    const removing = removeTagByOverwriting(repository, 'pr-1', () => String((mark += 1)));
    await expect(removing).rejects.toThrow('protected');
    expect([...repository.tags]).toEqual([['pr-1', image.digest.text]]);
  });

  it('stays on its image where the registry deletes nothing', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['x'], tags: ['pr-1'] });
    repository.can.untag = false;
    repository.can.delete = false;
    expect(await removeTagByOverwriting(repository, 'pr-1', () => 'mark')).toBe('unsupported');
    expect([...repository.tags]).toEqual([['pr-1', image.digest.text]]);
  });
});

describe('a new tag', () => {
  it('names the image, and what it named before is told', async () => {
    const repository = memoryRepository();
    const first = repository.putImage({ layers: ['1'], tags: ['1'] });
    const second = repository.putImage({ layers: ['2'], tags: ['2'] });
    const [one, two] = [first, second].map(({ digest }) => repository.manifests.get(digest.text));
    if (one === undefined || two === undefined) throw new Error('not stored');
    expect(await tagImage(repository, one, 'stable')).toBeUndefined();
    expect((await tagImage(repository, two, 'stable'))?.text).toBe(first.digest.text);
    expect(repository.tags.get('stable')).toBe(second.digest.text);
  });

  it('in another repository moves no layer, and tags nothing where the registry wants one', async () => {
    const [source, other] = [memoryRepository('team/app'), memoryRepository('team/other')];
    const image = source.putImage({ layers: ['1'], tags: ['1'] });
    const host = { os: 'linux', architecture: 'amd64' };
    const mounting: typeof other = {
      ...other,
      mountBlob: async ({ digest }) => {
        other.blobs.set(digest.text, source.blobs.get(digest.text) ?? Buffer.alloc(0));
        return true;
      },
    };
    const request = { source, reference: '1', host };
    await expect(tagImageIn(other, 'stable', request)).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      hint: 'Send them: registry-gate images copy registry.test/team/app:1 registry.test/team/other:stable',
    });
    expect([...other.tags]).toEqual([]);
    expect(await tagImageIn(mounting, 'stable', request)).toBeUndefined();
    expect([...other.tags]).toEqual([['stable', image.digest.text]]);
    expect((await tagImageIn(mounting, 'stable', request))?.text).toBe(image.digest.text);
  });

  it('holds no more names of blobs and manifests than it may', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['1', '2'], tags: ['pr-1'] });
    // Its digest, those of its config and layers, and its digest once more for the tag.
    const names = 5;
    await prepareRemoval(repository, requestOf({}), { mostNames: names });
    await expect(prepareRemoval(repository, requestOf({}), { mostNames: names - 1 })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('more than 4 blobs'),
    });
    repository.putImage({ layers: ['3', '4', '5', '6'], subject: image });
    await expect(prepareRemoval(repository, requestOf({}), { mostNames: names })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
    });
  });
});
