import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import { craftTar } from '../../../images/layers/craft-tar.ts';
import { temporaryFolder, type Folder } from '../../../support/programs.ts';
import { recordingTerminal } from '../../../support/terminal.ts';

const OCI = 'application/vnd.oci.image';
let folder: Folder;
let image: string;

/** Writes an OCI layout with two layers. */
beforeAll(async () => {
  folder = await temporaryFolder('files-cli');
  const blobs = join(folder.path, 'image/blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const store = async (mediaType: string, bytes: Buffer): Promise<object> => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { mediaType: `${OCI}.${mediaType}`, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const lower = craftTar([
    'etc/',
    { name: 'etc/passwd', content: 'root', mode: 0o600, mtime: 86_400 },
    { name: 'etc/link', link: 'passwd' },
    { name: 'null', type: '3', major: 1, minor: 3 },
    'gone',
  ]);
  const upper = craftTar(['.wh.gone', { name: 'etc/\u001b[2J', content: 'x' }, '../out']);
  const layers = [
    await store('layer.v1.tar+gzip', gzipSync(lower)),
    await store('layer.v1.tar+gzip', gzipSync(upper)),
  ];
  const config = await store(
    'config.v1+json',
    json({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const mediaType = `${OCI}.manifest.v1+json`;
  const manifest = await store('manifest.v1+json', json({ schemaVersion: 2, mediaType, config, layers }));
  await writeFile(join(folder.path, 'image/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(
    join(folder.path, 'image/index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [manifest] }),
  );
  image = `oci:${join(folder.path, 'image')}`;
});
afterAll(() => folder.close());

async function images(...args: readonly string[]): Promise<{ code: number; out: string[]; err: string }> {
  const terminal = recordingTerminal();
  const code = await run(['images', ...args], terminal);
  return { code, out: terminal.stdout().trimEnd().split('\n'), err: terminal.stderr() };
}

describe('images files', () => {
  it('lists a directory', async () => {
    const { code, out, err } = await images('files', image);
    expect({ code, out }).toEqual({
      code: 0,
      out: ['drw-r--r--\t0:0\t0\t1970-01-01 00:00\tetc', 'crw-r--r--\t0:0\t1,3\t1970-01-01 00:00\tnull'],
    });
    expect(err).toContain('passed over "../out": it leads out of the image');
  });

  it('lists what a pattern means, with no letter that a terminal obeys', async () => {
    expect((await images('files', image, '/etc/*')).out).toEqual([
      '-rw-r--r--\t0:0\t1\t1970-01-01 00:00\tetc/?[2J',
      'lrw-r--r--\t0:0\t0\t1970-01-01 00:00\tetc/link -> passwd',
      '-rw-------\t0:0\t4\t1970-01-02 00:00\tetc/passwd',
    ]);
  });

  it('lists one layer, with what it removes', async () => {
    const { out } = await images('files', image, '--layer', '2', '--json');
    expect(out.map((line): unknown => JSON.parse(line))).toMatchObject([
      { path: '/etc', type: 'directory' },
      { path: '/etc/\u001b[2J', type: 'file', size: 1 },
      { path: '/gone', type: 'deleted' },
    ]);
    expect(out.join('')).not.toContain('\u001b');
  });

  it('says which layers there are', async () => {
    expect(await images('files', image, '--layer', '3')).toMatchObject({ code: 2 });
  });
});

describe('images cat', () => {
  it('prints a file, through a link', async () => {
    expect(await images('cat', image, '/etc/link')).toMatchObject({ code: 0, out: ['root'] });
  });

  it('says where to look for a file that there is not, and there it is', async () => {
    const failed = await images('cat', image, '/etc/shadow');
    expect(failed).toMatchObject({
      code: 1,
      out: [''],
      err: expect.stringContaining('IMAGE_FILE_UNREADABLE'),
    });
    expect(failed.err).toContain('registry-gate images files IMAGE DIRECTORY');
    const { out } = await images('files', image, '/etc', '--json');
    expect(out.join('\n')).toContain('"/etc/passwd"');
    expect(await images('cat', image, '/etc/passwd')).toMatchObject({ code: 0, out: ['root'] });
  });
});
