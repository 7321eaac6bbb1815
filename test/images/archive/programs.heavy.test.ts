import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { must, run, temporaryFolder, type Folder } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { writeImage, type Image } from '../../support/images.ts';
import { convert, location, readAll, sha256 } from './craft.ts';

/** Names, digests and bytes as other programs see them: what they write is read, and what is written they read. */
let folder: Folder;
let image: Image;
const path = (name: string): string => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryFolder('archive-programs');
  image = await writeImage(path('layout'), 2);
});
afterAll(() => folder.close());

const digests = async (kind: 'oci' | 'oci-archive' | 'docker-archive', name: string): Promise<string[]> =>
  Object.values(await readAll(location(kind, path(name))));
const configOf = (name: string): Promise<string> => must('skopeo', ['inspect', '--config', '--raw', name]);

describeWith(['skopeo'], 'skopeo', () => {
  const copy = (from: string, to: string): Promise<string> =>
    must('skopeo', ['copy', '--insecure-policy', '--preserve-digests', from, to]);

  it.each(['oci', 'oci-archive'] as const)('keeps the digest on the way from and to %s', async (kind) => {
    await copy(`oci:${path('layout')}:1`, `${kind}:${path(`s-${kind}`)}:1`);
    expect(await digests(kind, `s-${kind}`)).toEqual([image.digest]);
    await convert(location(kind, path(`s-${kind}`)), location(kind, path(`o-${kind}`)));
    await copy(`${kind}:${path(`o-${kind}`)}:1`, `dir:${path(`d-${kind}`)}`);
    expect(`sha256:${sha256(await readFile(path(`d-${kind}/manifest.json`)))}`).toBe(image.digest);
  });

  it('writes docker-archives that are read, and reads those that are written', async () => {
    await must('skopeo', [
      'copy',
      '--insecure-policy',
      `oci:${path('layout')}:1`,
      `docker-archive:${path('s.tar')}:lan/app:1`,
    ]);
    expect(Object.keys(await readAll(location('docker-archive', path('s.tar'))))).toEqual([
      'docker.io/lan/app:1',
    ]);
    await convert(location('docker-archive', path('s.tar')), location('docker-archive', path('o.tar')));
    await convert(location('oci', path('layout')), location('docker-archive', path('l.tar')));
    const config = await configOf(`oci:${path('layout')}:1`);
    for (const name of ['s.tar', 'o.tar', 'l.tar'])
      expect(await configOf(`docker-archive:${path(name)}`)).toBe(config);
    await must('skopeo', [
      'copy',
      '--insecure-policy',
      `docker-archive:${path('o.tar')}:lan/app:1`,
      `dir:${path('d-docker')}`,
    ]);
  });

  it.each(['gzip', 'zstd', 'bzip2', 'xz'])(
    'writes archives that are read when %s has packed them',
    async (program) => {
      await must('skopeo', [
        'copy',
        '--insecure-policy',
        `oci:${path('layout')}:1`,
        `docker-archive:${path(`${program}.tar`)}:app:1`,
      ]);
      await must('sh', ['-c', `${program} -c "$1" > "$1.packed"`, 'sh', path(`${program}.tar`)]);
      expect(await digests('docker-archive', `${program}.tar.packed`)).toEqual(
        await digests('docker-archive', `${program}.tar`),
      );
    },
  );
});

describeWith(['crane'], 'crane', () => {
  it('finds the config and the layers in what is written', async () => {
    await convert(location('oci', path('layout')), location('oci-archive', path('c.tar')));
    expect(await run('crane', ['validate', '--tarball', path('c.tar')])).toMatchObject({ status: 0 });
    await convert(location('oci', path('layout')), location('docker-archive', path('cd.tar')));
    expect(await run('crane', ['validate', '--tarball', path('cd.tar')])).toMatchObject({ status: 0 });
  });
});

describeWith(['umoci'], 'umoci', () => {
  it('lists, changes and tags what is written, and is read', async () => {
    await convert(location('oci', path('layout')), location('oci', path('u')));
    expect(await must('umoci', ['ls', '--layout', path('u')])).toBe('1');
    await must('umoci', ['config', '--image', `${path('u')}:1`, '--tag', '2', '--config.env', 'A=b']);
    await must('umoci', ['gc', '--layout', path('u')]);
    expect(Object.keys(await readAll(location('oci', path('u'))))).toEqual(['1', '2']);
    await convert(location('oci', path('layout')), location('oci', path('u')));
    expect((await must('umoci', ['ls', '--layout', path('u')])).split('\n').toSorted()).toEqual(['1', '2']);
  });
});

describeWith(['podman'], 'podman', () => {
  const podman = (...args: readonly string[]): Promise<string> =>
    must('podman', ['--root', path('podman'), '--runroot', path('run'), '--storage-driver', 'vfs', ...args]);

  it.each([
    ['docker-archive', 'docker-archive'],
    ['oci-archive', 'oci-archive'],
  ] as const)('loads %s, and what it saves is read', async (kind, format) => {
    await cp(path('layout'), path(`p-${kind}`), { recursive: true });
    const index = (await readFile(path(`p-${kind}/index.json`), 'utf8')).replace(
      '"org.opencontainers.image.ref.name":"1"',
      `"io.containerd.image.name":"lan.test/app:${kind}"`,
    );
    await writeFile(path(`p-${kind}/index.json`), index);
    await convert(location('oci', path(`p-${kind}`)), location(kind, path(`p-${kind}.tar`)));
    expect(await podman('load', '-i', path(`p-${kind}.tar`))).toContain(`lan.test/app:${kind}`);
    await podman('save', '--format', format, '-o', path(`saved-${kind}.tar`), `lan.test/app:${kind}`);
    expect(Object.keys(await readAll(location(kind, path(`saved-${kind}.tar`))))).toEqual([
      `lan.test/app:${kind}`,
    ]);
    await podman('rmi', '-a', '-f');
  });
});
