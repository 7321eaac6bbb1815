import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createFilesAnswers } from '../../../src/pages/image/files/thread/answer-files.ts';
import type {
  AskedLayer,
  FilesQuestion,
  FilesReply,
} from '../../../src/pages/image/files/thread/question.ts';
import { ReadingJobs, type Reading } from '../../../src/pages/image/files/thread/reading-jobs.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { memoryRepository, type MemoryRepository } from '../../support/memory-registry.ts';
import { tarOf, type Entry } from '../../support/image-content.ts';

const NAME = 'team/app';

async function askerOf(
  layers: readonly (readonly Entry[] | Buffer)[],
  largestLayer = 1_000_000_000,
  patience = (): Promise<void> => new Promise<void>(() => undefined),
): Promise<(question: Partial<FilesQuestion>) => Promise<FilesReply>> {
  const repository = memoryRepository(NAME);
  const asked: AskedLayer[] = [];
  for (const layer of layers) asked.push(await storeLayer(repository, layer));
  const answer = createFilesAnswers({ registry: { repository: () => repository }, largestLayer, patience });
  return (question) =>
    answer({
      repository: NAME,
      owner: 'alice',
      layers: asked,
      path: '',
      hasHidden: false,
      from: 0,
      ...question,
    });
}

async function storeLayer(
  repository: MemoryRepository,
  layer: readonly Entry[] | Buffer,
): Promise<AskedLayer> {
  const bytes = Buffer.isBuffer(layer) ? layer : gzipSync(await tarOf(layer));
  const digest = digestOf('sha256', bytes).text;
  repository.blobs.set(digest, bytes);
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: bytes.length };
}

const rowsOf = (reply: FilesReply): readonly string[] =>
  reply.kind === 'directory'
    ? reply.rows.map(
        ({ name, layer, hidden }) =>
          `${name} ${layer}${hidden === undefined ? '' : ` ${hidden.how} by ${hidden.by}`}`,
      )
    : [reply.kind];

describe('the files of an image', () => {
  const LAYERS = [
    [
      { name: 'etc/passwd', text: 'root:x:0:0\n' },
      { name: 'etc/old', text: 'old' },
      { name: 'bin', type: 'symlink', linkname: 'usr/bin' },
      { name: 'usr/bin/app', text: '\0ELF' },
    ],
    [
      { name: 'etc/.wh.old', text: '' },
      { name: 'etc/passwd', text: 'root:x:0:0:root\n' },
    ],
  ] as const;

  it.each([
    ['the root', {}, ['bin 1', 'etc 2', 'usr 1']],
    ['a directory', { path: '/etc' }, ['passwd 2']],
    [
      'with what was hidden',
      { path: '/etc', hasHidden: true },
      ['old 1 removed by 2', 'passwd 2', 'passwd 1 replaced by 2'],
    ],
    ['through a link', { path: 'bin/' }, ['app 1']],
    ['what there is not', { path: '/none' }, ['missing']],
    ['out of the root', { path: '/../../etc' }, ['passwd 2']],
  ] as const)('are listed: %s', async (_name, question, expected) => {
    const ask = await askerOf(LAYERS);
    expect(rowsOf(await ask(question))).toEqual(expected);
  });

  it('are shown with the layer that brought them', async () => {
    const ask = await askerOf(LAYERS);
    const reply = await ask({ path: '/etc/passwd' });
    expect(reply).toMatchObject({ kind: 'file', path: 'etc/passwd', row: { layer: 2, mode: '-rw-r--r--' } });
    expect(reply.kind === 'file' ? Buffer.from(reply.bytes).toString() : '').toBe('root:x:0:0:root\n');
  });

  it.each([
    ['a layer that is larger than allowed', 10, 'too-large'],
    ['a layer that is not', 1_000_000, 'directory'],
  ] as const)('are looked into or not: %s', async (_name, largest, kind) => {
    const ask = await askerOf(LAYERS, largest);
    expect((await ask({})).kind).toBe(kind);
  });

  it('are told to be unreadable where a layer is damaged, or has more files than are held', async () => {
    const ask = await askerOf([Buffer.from('\x1f\x8b\x08broken')]);
    expect((await ask({})).kind).toBe('unreadable');
  });

  it('with hostile names are listed inside the image, and are no addresses', async () => {
    const ask = await askerOf([
      [
        { name: '../../outside', text: 'x' },
        { name: 'a\u001b[31m', text: 'x' },
        { name: 'turned\u202egnp', text: 'x' },
        { name: 'out', type: 'symlink', linkname: '../../../../etc/shadow' },
      ],
    ]);
    const reply = await ask({});
    expect(rowsOf(reply)).toEqual(['a\u001b[31m 1', 'out 1', 'turned\u202egnp 1']);
    expect(reply.kind === 'directory' ? reply.rows[0]?.path : '').toBeUndefined();
    expect((await ask({ path: '/out' })).kind).toBe('missing');
  });

  it('are being read where that takes longer than a page waits', async () => {
    const ask = await askerOf(LAYERS, undefined, () => Promise.resolve());
    expect((await ask({})).kind).toBe('reading');
    await expect.poll(async () => (await ask({})).kind).toBe('directory');
  });

  it('of a large directory come in pages', async () => {
    const ask = await askerOf([Array.from({ length: 1200 }, (_none, at) => ({ name: `f${at}`, text: '' }))]);
    const sizes = await Promise.all(
      [0, 500, 1000, 5000].map(async (from) => {
        const reply = await ask({ from });
        return reply.kind === 'directory' ? [reply.rows.length, reply.total] : [];
      }),
    );
    expect(sizes).toEqual([
      [500, 1200],
      [500, 1200],
      [200, 1200],
      [0, 1200],
    ]);
  });
});

describe('the files of several images', () => {
  it('are listed again though the lists of their layers were dropped, what layers hide is not', async () => {
    const repository = memoryRepository(NAME);
    let reads = 0;
    const readBlob: typeof repository.readBlob = (blob, options) => {
      reads += 1;
      return repository.readBlob(blob, options);
    };
    const answer = createFilesAnswers({
      registry: { repository: () => ({ ...repository, readBlob }) },
      largestLayer: 1_000_000_000,
      listsBytes: 1,
      patience: () => new Promise(() => undefined),
    });
    const layers = await Promise.all(
      ['a', 'b', 'c'].map((name) => storeLayer(repository, [{ name, text: '' }])),
    );
    const ask = async (at: number, hasHidden = false): Promise<readonly string[]> => {
      const asked = layers.slice(at, at + 1);
      return rowsOf(
        await answer({ repository: NAME, owner: '', layers: asked, path: '', hasHidden, from: 0 }),
      );
    };
    for (let round = 0; round < 3; round += 1)
      expect([await ask(0), await ask(1), await ask(2)]).toEqual([['a 1'], ['b 1'], ['c 1']]);
    expect(reads).toBe(3);
    expect(await ask(0, true)).toEqual(['a 1']);
    expect(reads).toBe(4);
  });
});

describe('hidden files of a large directory', () => {
  it('stand between the others in the order of their names, on each page', async () => {
    const names = Array.from({ length: 900 }, (_none, at) => `f${String(at).padStart(3, '0')}`);
    const ask = await askerOf([
      names.map((name) => ({ name: `d/${name}`, text: '' })),
      names.filter((_name, at) => at % 2 === 0).map((name) => ({ name: `d/.wh.${name}`, text: '' })),
      [{ name: 'd/f001', text: 'again' }],
    ]);
    const pages = [0, 500].map((from) => ask({ path: 'd', hasHidden: true, from }));
    const rows = (await Promise.all(pages)).flatMap(rowsOf);
    expect(rows).toEqual([
      'f000 1 removed by 2',
      'f001 3',
      'f001 1 replaced by 3',
      ...names.slice(2).map((name, at) => (at % 2 === 0 ? `${name} 1 removed by 2` : `${name} 1`)),
    ]);
    expect(rowsOf(await ask({ path: 'd' }))).toHaveLength(450);
  });

  it('are listed where the directory itself is gone', async () => {
    const ask = await askerOf([[{ name: 'd/a', text: '' }], [{ name: '.wh.d', text: '' }]]);
    expect((await ask({ path: 'd' })).kind).toBe('missing');
    expect(rowsOf(await ask({ path: 'd', hasHidden: true }))).toEqual(['a 1 removed by 2']);
    expect((await ask({ path: 'e', hasHidden: true })).kind).toBe('missing');
  });
});

describe('jobs that read', () => {
  const never = { owner: 'alice', patience: new Promise<void>(() => undefined) };
  const made = (value: string, bytes: number) => async () => ({ value, bytes });

  it('run once for all who ask, and are kept', async () => {
    const jobs = new ReadingJobs<string>({ mostBytes: 100, atOnce: 1, waiting: 10 });
    let runs = 0;
    const work = async (): Promise<{ value: string; bytes: number }> => {
      runs += 1;
      return { value: 'it', bytes: 1 };
    };
    const states = await Promise.all([jobs.ask('a', never, work), jobs.ask('a', never, work)]);
    expect([...states, await jobs.ask('a', never, work)]).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'done', value: 'it' })),
    );
    expect(runs).toBe(1);
  });

  it('drop what was not asked for longest', async () => {
    const jobs = new ReadingJobs<string>({ mostBytes: 100, atOnce: 1, waiting: 10 });
    await jobs.ask('a', never, made('a', 60));
    await jobs.ask('b', never, made('b', 30));
    await jobs.ask('a', never, made('again', 60));
    await jobs.ask('c', never, made('c', 30));
    const [a, b] = await Promise.all(['a', 'b'].map((key) => jobs.ask(key, never, made('new', 10))));
    expect([a, b]).toEqual([
      { kind: 'done', value: 'a' },
      { kind: 'done', value: 'new' },
    ]);
  });

  it('go on when nobody waits any more, a few at once, and refuse what is too much', async () => {
    const jobs = new ReadingJobs<string>({ mostBytes: 100, atOnce: 1, waiting: 1 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = async ({ onRead }: Reading): Promise<{ value: string; bytes: number }> => {
      onRead(7);
      await held;
      return { value: 'slow', bytes: 1 };
    };
    const now = { owner: 'alice', patience: Promise.resolve() };
    await jobs.ask('a', now, slow);
    expect(await jobs.ask('a', now, slow)).toEqual({ kind: 'running', read: 7 });
    await jobs.ask('b', now, slow);
    expect((await jobs.ask('b', now, slow)).kind).toBe('running');
    expect((await jobs.ask('c', now, slow)).kind).toBe('refused');
    release();
    expect((await jobs.ask('b', never, slow)).kind).toBe('done');
  });

  it('that failed say so until they are forgotten', async () => {
    const jobs = new ReadingJobs<string>({ mostBytes: 10_000, atOnce: 1, waiting: 1 });
    const fails = async (): Promise<never> => Promise.reject(new Error('broken'));
    expect((await jobs.ask('a', never, fails)).kind).toBe('failed');
    expect((await jobs.ask('a', never, made('a', 1))).kind).toBe('failed');
    jobs.forgetFailure('a');
    expect((await jobs.ask('a', never, made('a', 1))).kind).toBe('done');
  });
});
