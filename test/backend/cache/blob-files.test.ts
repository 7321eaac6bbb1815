import { chmod, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlobFiles } from '../../../src/backend/cache/blob-files.ts';
import { AppError } from '../../../src/lib/errors.ts';
import { parseDigest, type Digest } from '../../../src/oci/digest.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { noise } from './cache-fixture.ts';

const NOBODY = 65_534;
const KIB = 1024;
let folder: Folder;
let at: number;
beforeEach(async () => {
  folder = await temporaryFolder('blobs');
  at = Date.now();
});
afterEach(() => folder.close());

/** Room for ten blobs of a KiB. Time goes on by an hour whenever it is asked for. */
function open(limit = 10 * KIB): Promise<BlobFiles> {
  return BlobFiles.open({ directory: folder.path, limit, now: () => new Date((at += 3_600_000)) });
}

function digestOf(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new Error('no digest');
  return digest;
}

async function put(files: BlobFiles, size = KIB): Promise<Digest> {
  const blob = noise(size);
  const digest = digestOf(blob.digest);
  const draft = await files.draft(size);
  if (draft === undefined) throw new Error('no room');
  await draft.file.write(blob.bytes);
  await files.keep(draft, digest);
  await draft.file.close();
  return digest;
}

async function has(files: BlobFiles, digest: Digest): Promise<boolean> {
  const blob = await files.find(digest);
  await blob?.file.close();
  return blob !== undefined;
}

async function sizes(): Promise<number> {
  const names = await readdir(join(folder.path, 'sha256'));
  const found = await Promise.all(names.map((name) => stat(join(folder.path, 'sha256', name))));
  return found.reduce((sum, { size }) => sum + size, 0);
}

describe('blobs on the disk', () => {
  it('make room in the order in which they were used', async () => {
    const files = await open();
    const digests: Digest[] = [];
    for (let count = 0; count < 10; count += 1) digests.push(await put(files));
    const [first, second, third] = digests;
    await has(files, first as Digest);
    await put(files, 2 * KIB);
    expect(await has(files, first as Digest)).toBe(true);
    expect(await has(files, second as Digest)).toBe(false);
    expect(await has(files, third as Digest)).toBe(false);
    expect([files.evictions, files.residentBytes, await sizes()]).toEqual([2, 10 * KIB, 10 * KIB]);
  });

  it('are known again after a start, with their order', async () => {
    const before = await open();
    const [first, second] = [await put(before), await put(before)];
    await has(before, first);
    // The time of the use is written without waiting for it.
    await utimes(join(folder.path, 'sha256', first.hex), at / 1000, at / 1000);
    const files = await open(2 * KIB);
    await put(files);
    expect([await has(files, first), await has(files, second)]).toEqual([true, false]);
  });

  it('go at the start where there is less room than before', async () => {
    const before = await open();
    for (let count = 0; count < 10; count += 1) await put(before);
    const files = await open(3 * KIB);
    // In turn: after the first look.
    expect(await files.draft(4 * KIB)).toBeUndefined();
    expect(await sizes()).toBe(3 * KIB);
  });

  it('never have more room than there is, in use or in the making', async () => {
    const files = await open();
    const drafts = await Promise.all([4, 4, 4].map((size) => files.draft(size * KIB)));
    expect(drafts.map((draft) => draft !== undefined)).toEqual([true, true, false]);
    for (const draft of drafts) {
      if (draft === undefined) continue;
      await files.discard(draft);
      await draft.file.close();
    }
    expect(await readdir(join(folder.path, 'filling'))).toEqual([]);
    expect(await files.draft(10 * KIB + 1)).toBeUndefined();
    await put(files, 10 * KIB);
    expect(await sizes()).toBe(10 * KIB);
  });

  it('stay readable for who has them open', async () => {
    const files = await open();
    const blob = noise(KIB);
    const draft = await files.draft(KIB);
    await draft?.file.write(blob.bytes);
    if (draft !== undefined) await files.keep(draft, digestOf(blob.digest));
    await draft?.file.close();
    const reader = await files.find(digestOf(blob.digest));
    await put(files, 10 * KIB);
    expect(await has(files, digestOf(blob.digest))).toBe(false);
    const bytes = Buffer.alloc(KIB);
    const file = reader?.file as unknown as { read(into: Buffer): Promise<unknown>; close(): Promise<void> };
    await file.read(bytes);
    await file.close();
    expect(bytes.equals(blob.bytes)).toBe(true);
  });

  it('of another process count, and its uses too', async () => {
    const ours = await open();
    const first = await put(ours);
    const theirs = await open();
    const [second, third] = [await put(theirs, 4 * KIB), await put(theirs, 4 * KIB)];
    expect(await has(ours, second)).toBe(true);
    await has(theirs, first);
    await utimes(join(folder.path, 'sha256', first.hex), at / 1000, at / 1000);
    await put(ours, 2 * KIB);
    expect(await sizes()).toBeLessThanOrEqual(10 * KIB);
    expect([await has(ours, first), await has(ours, third)]).toEqual([true, false]);
  });

  it('that somebody has removed are missed by nobody', async () => {
    const files = await open();
    const digests = [];
    for (let count = 0; count < 10; count += 1) digests.push(await put(files));
    const before = await open();
    for (const digest of digests) await before.drop(digest);
    expect(await has(files, digests[0] as Digest)).toBe(false);
    await put(files, 10 * KIB);
    expect(await sizes()).toBe(10 * KIB);
    expect(files.evictions).toBe(0);
  });

  it('that a killed process was filling are cleared away, and what is no blob is left alone', async () => {
    const before = await open();
    const draft = await before.draft(KIB);
    await draft?.file.close();
    await writeFile(join(folder.path, 'sha256', 'notes'), 'of somebody');
    await writeFile(join(folder.path, 'notes'), 'of somebody');
    const files = await open();
    await put(files, 10 * KIB);
    expect(await readdir(join(folder.path, 'filling'))).toEqual([]);
    expect(await readdir(join(folder.path, 'sha256'))).toContain('notes');
    expect(await readdir(folder.path)).toContain('notes');
  });

  it.each([
    ['all of it', ''],
    ['what is being filled', 'filling'],
    ['what is kept', 'sha256'],
  ])('have a place again after somebody has removed %s', async (_name, path) => {
    const files = await open();
    const before = await put(files);
    await rm(join(folder.path, path), { recursive: true });
    expect(await has(files, before)).toBe(path === 'filling');
    expect(await has(files, await put(files))).toBe(true);
  });

  it('whose draft has gone are not kept, and nothing else is lost', async () => {
    const files = await open();
    const draft = await files.draft(4 * KIB);
    await rm(draft?.path ?? '');
    await expect(draft && files.keep(draft, digestOf(noise(1).digest))).rejects.toThrow('ENOENT');
    await draft?.file.close();
    await put(files, 10 * KIB);
    expect(await sizes()).toBe(10 * KIB);
  });

  it('are for their owner alone', async () => {
    const files = await open();
    const digest = await put(files);
    const mode = async (path: string): Promise<number> => (await stat(join(folder.path, path))).mode & 0o777;
    expect(await mode('sha256')).toBe(0o700);
    expect(await mode(`sha256/${digest.hex}`)).toBe(0o600);
  });
});

describe('a directory that can not be used', () => {
  it.each([
    ['a file', async (path: string) => writeFile(path, ''), 'EEXIST'],
    [
      'one with a file in the place of a folder',
      async (path: string) => {
        await mkdir(path);
        await writeFile(join(path, 'filling'), '');
      },
      'EEXIST',
    ],
  ])('is refused at the start: %s', async (_name, make, code) => {
    const directory = join(folder.path, 'there');
    await make(directory);
    const failure = await BlobFiles.open({ directory, limit: KIB, now: () => new Date() }).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ code: 'FILE_UNWRITABLE' });
    expect(failure.message).toContain(directory);
    expect(failure.message).toContain(code);
    expect(failure.hint).toContain('--cache');
  });

  it('is refused at the start: one without the right to write', async () => {
    const directory = join(folder.path, 'there');
    await mkdir(directory);
    await chmod(directory, 0o500);
    const user = process.geteuid?.();
    // Root may write everywhere.
    if (user === 0) process.seteuid?.(NOBODY);
    try {
      await expect(BlobFiles.open({ directory, limit: KIB, now: () => new Date() })).rejects.toThrow(
        'EACCES',
      );
    } finally {
      if (user === 0) process.seteuid?.(0);
    }
  });
});
