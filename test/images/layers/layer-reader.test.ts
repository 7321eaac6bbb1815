import { execFileSync } from 'node:child_process';
import { mkdir, open, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLayer, type LayerEntry } from '../../../src/images/layers/tar/layer-reader.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { craftTar, inPieces, type Crafted } from './craft-tar.ts';

const MIB = 1024 * 1024;
const tooLarge = (): Error => new Error('too large');

interface Seen extends Omit<LayerEntry, 'content'> {
  readonly content: string;
}

/** Reads all entries with their content. */
async function entriesOf(tar: Buffer, piece = tar.length, limit = 64 * MIB): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const entry of readLayer(inPieces(tar, piece), { limit, tooLarge })) {
    const content: Buffer[] = [];
    if (entry.kind === 'file') for await (const part of entry.content()) content.push(Buffer.from(part));
    seen.push({ ...entry, content: Buffer.concat(content).toString('latin1') });
  }
  return seen;
}

/** Says that the next file is `harmless`. */
const PAX_NAME: Crafted = { name: 'x', type: 'x', content: '17 path=harmless\n' };
const LONG = `${'long/'.repeat(60)}name`;

describe('the tar of a layer', () => {
  it.each<readonly [name: string, entry: Crafted, seen: Partial<Seen>]>([
    [
      'a file',
      { name: 'a', content: 'abc', mode: 0o4755, uid: 5, mtime: 77 },
      { name: 'a', kind: 'file', mode: 0o4755, uid: 5, mtime: 77, size: 3, content: 'abc' },
    ],
    ['a file of V7', { name: 'a', content: 'abc', form: 'v7', type: '\0' }, { kind: 'file', content: 'abc' }],
    ['a directory of V7', { name: 'a/', form: 'v7', type: '\0' }, { kind: 'directory' }],
    [
      'a directory of V7 with a size, and no bytes',
      { name: 'd/', type: '\0', size: 1024 },
      { name: 'd/', kind: 'directory', size: 0 },
    ],
    [
      'a directory of V7 by its name in pax',
      { name: 'd', type: '\0', size: 1024, pax: { path: 'd/' } },
      { name: 'd/', kind: 'directory', size: 0 },
    ],
    [
      'a file with a slash after its name',
      { name: 'etc/shadow/', type: '0', content: 'abc' },
      { name: 'etc/shadow/', kind: 'file', size: 3, content: 'abc' },
    ],
    ['an empty name in pax, which says nothing', { name: 'a', pax: { path: '' } }, { name: 'a' }],
    [
      'an empty pax record that takes back the one before',
      {
        name: 'a',
        pax: [
          ['path', 'b'],
          ['path', ''],
        ],
      },
      { name: 'a' },
    ],
    [
      'an empty link in pax, which says nothing',
      { name: 'a', link: 'b', pax: { linkpath: '' } },
      { link: 'b' },
    ],
    [
      'a name of a sparse file that is not sparse',
      { name: 'a', content: 'abc', pax: { 'GNU.sparse.name': 'harmless' } },
      { name: 'a', content: 'abc' },
    ],
    [
      'a name of a sparse file of an unknown format',
      {
        name: 'a',
        content: 'abc',
        pax: {
          'GNU.sparse.major': '2',
          'GNU.sparse.name': 'harmless',
          'GNU.sparse.size': '9',
          'GNU.sparse.map': '0,3',
        },
      },
      { name: 'a', size: 3, content: 'abc' },
    ],
    [
      'a name of a sparse file',
      {
        name: 'a',
        content: 'x',
        pax: { 'GNU.sparse.name': 'b', 'GNU.sparse.size': '2', 'GNU.sparse.map': '1,1' },
      },
      { name: 'b', content: '\0x' },
    ],
    ['a contiguous file', { name: 'a', content: 'abc', type: '7' }, { kind: 'file', content: 'abc' }],
    ['a directory with a size', { name: 'a/', size: 512 }, { kind: 'directory', size: 0 }],
    [
      'a link with a size',
      { name: 'a', link: 'b', type: '1', size: 512 },
      { kind: 'link', link: 'b', size: 0 },
    ],
    ['a device', { name: 'a', type: '4', major: 8, minor: 1 }, { kind: 'block', major: 8, minor: 1 }],
    ['a pipe', { name: 'a', type: '6' }, { kind: 'fifo' }],
    [
      'a name with a prefix',
      { name: 'b', edit: (block) => void block.write('dir', 345, 'latin1') },
      { name: 'dir/b' },
    ],
    [
      'no prefix in the format of GNU',
      { name: 'b', form: 'gnu', edit: (block) => void block.write('1234', 345, 'latin1') },
      { name: 'b' },
    ],
    ['a name of 100 bytes', { name: 'n'.repeat(100) }, { name: 'n'.repeat(100) }],
    ['odd bytes', { name: '\xff\xfe', link: '\x80' }, { name: '\xff\xfe', link: '\x80' }],
    [
      'pax records',
      {
        name: 'a',
        content: 'abc',
        pax: { path: LONG, mtime: '12.9', uid: '70000', size: '3', comment: 'x' },
      },
      { name: LONG, mtime: 12, uid: 70_000, content: 'abc' },
    ],
    [
      'odd bytes in pax records',
      { name: 'a', pax: { path: '\xff\n', linkpath: '\xfe' } },
      { name: '\xff\n', link: '\xfe' },
    ],
    [
      'the last of two pax records',
      {
        name: 'a',
        pax: [
          ['path', 'b'],
          ['path', 'c'],
        ],
      },
      { name: 'c' },
    ],
    ['a time before 1970', { name: 'a', edit: (block) => void block.fill(0xff, 136, 148) }, { mtime: -1 }],
    [
      'an owner in base 256',
      {
        name: 'a',
        edit: (block) => (
          block.fill(0, 108, 116),
          block.writeUInt8(0x80, 108),
          void block.writeUInt32BE(4_000_000_000, 112)
        ),
      },
      { uid: 4_000_000_000 },
    ],
  ])('has %s', async (_name, entry, seen) => {
    const tar = craftTar([entry, { name: 'next', content: 'n' }]);
    for (const piece of [tar.length, 512, 100])
      expect(await entriesOf(tar, piece)).toEqual([
        expect.objectContaining(seen),
        expect.objectContaining({ name: 'next', content: 'n' }),
      ]);
  });

  it.each<readonly [name: string, headers: readonly Crafted[], seen: Partial<Seen>]>([
    [
      'a long name of GNU after one of pax',
      [PAX_NAME, { name: 'x', type: 'L', content: 'etc/evil\0' }],
      { name: 'etc/evil' },
    ],
    [
      'a long name of GNU before one of pax',
      [{ name: 'x', type: 'L', content: 'etc/evil\0' }, PAX_NAME],
      { name: 'etc/evil' },
    ],
    ['an empty long name of GNU', [PAX_NAME, { name: 'x', type: 'L', content: '\0' }], { name: 'harmless' }],
    [
      'a long link of GNU and one of pax',
      [
        { name: 'x', type: 'x', content: '14 linkpath=b\n' },
        { name: 'x', type: 'K', content: 'c\0' },
      ],
      { link: 'c' },
    ],
    [
      'a header for all files after that of the next one',
      [PAX_NAME, { name: 'x', type: 'L', content: 'harmless\0' }, { name: 'g', type: 'g', content: '' }],
      { name: 'last' },
    ],
  ])('has, as Go has it, %s', async (_name, headers, seen) => {
    expect(await entriesOf(craftTar([...headers, { name: 'last', link: 'a' }]))).toEqual([
      expect.objectContaining(seen),
    ]);
  });

  it('may have headers for all files, of a volume, and ends without zeros', async () => {
    const tar = craftTar(
      [{ name: 'g', type: 'g', content: '13 path=all\n\n' }, { name: 'volume', type: 'V' }, 'a'],
      Buffer.alloc(0),
    );
    expect(await entriesOf(tar)).toMatchObject([{ name: 'a' }]);
  });

  it('may skip what nobody reads', async () => {
    const tar = craftTar([
      { name: 'a', content: Buffer.alloc(3000) },
      { name: 'b', content: Buffer.alloc(3000) },
    ]);
    const names: string[] = [];
    for await (const entry of readLayer(inPieces(tar, 700), { limit: MIB, tooLarge })) {
      names.push(entry.name);
      if (names.length === 1) for await (const _piece of entry.content()) break;
    }
    expect(names).toEqual(['a', 'b']);
  });

  const damaged = (at: number, byte: number) => (block: Buffer) => void block.writeUInt8(byte, at);
  it.each<readonly [name: string, tar: Buffer]>([
    ['is none', Buffer.alloc(2048, 'no tar ')],
    ['has a wrong sum', craftTar([]).fill(0x37, 0, 200)],
    ['ends in a header', craftTar(['a']).subarray(0, 300)],
    ['ends in a file', craftTar([{ name: 'a', content: Buffer.alloc(2000) }]).subarray(0, 1500)],
    ['has a single block of zeros', Buffer.concat([craftTar(['a'], Buffer.alloc(512)), craftTar(['b'])])],
    ['has a file of a negative size', craftTar([{ name: 'a', edit: damaged(124, 0xff) }])],
    [
      'has a file of an impossible size',
      craftTar([{ name: 'a', edit: (block) => void block.fill(0x80, 124, 136) }]),
    ],
    ['has a file whose pax size is none', craftTar([{ name: 'a', pax: { size: '-5' } }])],
    ['has a pax header of 2 MiB', craftTar([{ name: 'x', type: 'x', content: Buffer.alloc(2 * MIB) }, 'a'])],
    ['has a long name of 2 MiB', craftTar([{ name: 'x', type: 'L', content: Buffer.alloc(2 * MIB) }, 'a'])],
    [
      'states a pax header of 8 GiB',
      craftTar([{ name: 'x', type: 'x', edit: (block) => void block.write('77777777777', 124, 'latin1') }]),
    ],
    ['has a pax record without a length', craftTar([{ name: 'x', type: 'x', content: 'path=a\n' }, 'a'])],
    ['has a pax record that is too long', craftTar([{ name: 'x', type: 'x', content: '99 path=a\n' }, 'a'])],
    ['has a pax record of no length', craftTar([{ name: 'x', type: 'x', content: '0 path=a\n' }, 'a'])],
    [
      'has a sparse map out of order',
      craftTar([{ name: 'a', content: 'xy', pax: { 'GNU.sparse.size': '9', 'GNU.sparse.map': '5,1,0,1' } }]),
    ],
    [
      'has a sparse map beyond the end',
      craftTar([{ name: 'a', content: 'xy', pax: { 'GNU.sparse.size': '9', 'GNU.sparse.map': '8,2' } }]),
    ],
    [
      'has a sparse map of words',
      craftTar([{ name: 'a', content: 'xy', pax: { 'GNU.sparse.size': '9', 'GNU.sparse.map': 'a,b' } }]),
    ],
    [
      'has a sparse map that never ends',
      craftTar([
        {
          name: 'a',
          content: Buffer.alloc(4 * MIB, '1'),
          pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' },
        },
      ]),
    ],
  ])('that %s is refused', async (_name, tar) => {
    await expect(entriesOf(tar)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });

  it.each<readonly [name: string, tar: Buffer]>([
    ['a file', craftTar([{ name: 'a', content: Buffer.alloc(2 * MIB) }])],
    ['zeros behind its end', craftTar(['a'], Buffer.alloc(2 * MIB))],
    [
      'headers without a file',
      craftTar(Array.from({ length: 1500 }, () => ({ name: 'x', type: 'x', content: '12 comment=\n' }))),
    ],
    [
      'the holes of a file',
      craftTar([
        {
          name: 'a',
          pax: { 'GNU.sparse.major': '0', 'GNU.sparse.minor': '1', 'GNU.sparse.size': '9007199254740991' },
        },
      ]),
    ],
  ])('of more than the limit is refused: %s', async (_name, tar) => {
    await expect(entriesOf(tar, 4096, MIB)).rejects.toThrow('too large');
  });
});

describeWith(['tar'], 'a layer that GNU tar wrote', () => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await temporaryFolder('layer-reader');
    const at = (name: string): string => join(folder.path, 'root', name);
    await mkdir(at(`${'deep/'.repeat(30)}`), { recursive: true });
    await writeFile(at(`${'deep/'.repeat(30)}file`), 'at the bottom');
    await symlink('x'.repeat(150), at('link'));
    await writeFile(at('sparse'), 'begin');
    const file = await open(at('sparse'), 'r+');
    for (let n = 1; n < 40; n += 1) await file.write(`part ${n}`, n * 65_536);
    await file.close();
    await truncate(at('sparse'), 3 * MIB);
  });
  afterAll(() => folder.close());

  it.each([
    ['v7', ['--format=v7', '--exclude=deep', '--exclude=link']],
    ['ustar', ['--format=ustar', '--exclude=link']],
    ['gnu', ['--format=gnu']],
    ['oldgnu, sparse', ['--format=oldgnu', '--sparse']],
    ['pax', ['--format=pax']],
    ['pax, sparse 0.0', ['--format=pax', '--sparse', '--sparse-version=0.0']],
    ['pax, sparse 0.1', ['--format=pax', '--sparse', '--sparse-version=0.1']],
    ['pax, sparse 1.0', ['--format=pax', '--sparse', '--sparse-version=1.0']],
  ])('in the format %s is read as it reads it', async (_name, options) => {
    const tar = execFileSync('tar', ['-C', join(folder.path, 'root'), ...options, '-cf', '-', '.'], {
      maxBuffer: 32 * MIB,
    });
    const list = execFileSync('tar', ['-tf', '-'], { input: tar }).toString().trim().split('\n');
    const seen = await entriesOf(tar, 10_000);
    expect(seen.map(({ name }) => name)).toEqual(list);
    for (const { name, content, kind, size } of seen.filter((it) => it.kind === 'file')) {
      const theirs = execFileSync('tar', ['-xOf', '-', name], { input: tar, maxBuffer: 32 * MIB }).toString(
        'latin1',
      );
      expect({ name, kind, size, isSame: content === theirs }).toEqual({
        name,
        kind: 'file',
        size: theirs.length,
        isSame: true,
      });
    }
    expect(seen.some(({ name, size }) => name === './sparse' && size === 3 * MIB)).toBe(true);
  });
});
