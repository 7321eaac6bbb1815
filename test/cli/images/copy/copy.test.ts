import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import { writeImage, type Image } from '../../../support/images.ts';
import { temporaryFolder, type Folder } from '../../../support/programs.ts';
import { craftTar } from '../../../images/archive/craft.ts';
import {
  recordingTerminal,
  type RecordingTerminal,
  type RecordingTerminalOptions,
} from '../../../support/terminal.ts';

let folder: Folder;
let image: Image;

beforeAll(async () => {
  folder = await temporaryFolder('copy');
  image = await writeImage(join(folder.path, 'image'), 1);
});
afterAll(() => folder.close());

const at = (name: string): string => join(folder.path, name);

interface Typed extends RecordingTerminal {
  readonly code: number;
}

async function type(argv: readonly string[], options: RecordingTerminalOptions = {}): Promise<Typed> {
  const terminal = recordingTerminal(options);
  const code = await run(['images', ...argv], terminal);
  return { ...terminal, code };
}

describe('images copy between archives', () => {
  it('keeps the digest, says what it did, and skips what is there', async () => {
    const args = ['copy', `oci:${image.layout}`, `oci:${at('copied')}:1`];
    const { code, stdout, stderr } = await type([...args, '--json']);
    expect({ code, stderr: stderr() }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout())).toMatchObject({
      digest: image.digest,
      sourceDigest: image.digest,
      names: ['1'],
      isArchive: true,
      notes: [],
      skipped: 0,
    });
    const again = await type(args);
    expect(again.stdout()).toBe(`1\t${image.digest}\talready there\t0B\t0B\t1.05MB\n`);
  });

  it('goes through standard output and input', async () => {
    const out = await type(['copy', `oci:${image.layout}`, '-', '--quiet']);
    expect(out.code).toBe(0);
    expect(out.stderr()).toContain(image.digest);
    expect(out.stdout()).toBe('');
    const back = await type(['copy', '-', `oci:${at('back')}`, '--json'], { stdin: out.stdoutBytes() });
    expect({ code: back.code, err: back.stderr() }).toMatchObject({ code: 0 });
    expect(JSON.parse(back.stdout())).toMatchObject({ digest: image.digest });
  });

  it('closes an archive whose images can not be listed', async () => {
    const manifest = [{ Config: 'config.json', RepoTags: null, Layers: ['layer.tar'] }];
    const file = at('no-config.tar');
    await writeFile(
      file,
      craftTar([
        { name: 'config.json', content: '{}' },
        { name: 'layer.tar', content: 'layer' },
        { name: 'manifest.json', content: JSON.stringify(manifest) },
      ]),
    );
    const { stderr } = await type(['copy', `docker-archive:${file}`, `oci:${at('never')}`]);
    expect(stderr()).toContain('error[ARCHIVE_INVALID]');
    const open = await readdir('/proc/self/fd');
    const files = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
    expect(files).not.toContain(file);
  });

  it('leaves no file where it fails', async () => {
    const before = await readdir(folder.path);
    const { code, stderr } = await type([
      'copy',
      `oci:${image.layout}:none`,
      `oci-archive:${at('never.tar')}`,
    ]);
    expect(code).toBe(1);
    expect(stderr()).toContain('error[IMAGE_UNKNOWN]');
    expect(await readdir(folder.path)).toEqual(before);
  });

  it('stops at Ctrl-C, and leaves no file', async () => {
    const before = await readdir(folder.path);
    const terminal = recordingTerminal();
    const stopping = {
      ...terminal,
      err: (text: string) => {
        terminal.err(text);
        terminal.signal('SIGINT');
      },
    };
    const code = await run(
      ['images', 'copy', `oci:${image.layout}`, `oci-archive:${at('never.tar')}`],
      stopping,
    );
    expect(terminal.stderr()).toContain('error[INTERRUPTED]');
    expect(code).toBe(130);
    expect(await readdir(folder.path)).toEqual(before);
  });

  it.each([
    { args: ['oci:a', 'oci:b', '--all', '--platform', 'linux/amd64'], words: /--all and --platform/ },
    { args: ['oci:a', 'oci:b', '--format', 'docker', '--compress', 'zstd'], words: /--format docker/ },
    { args: ['oci:a', 'oci:b', '--preserve', '--compress', 'gzip'], words: /--preserve/ },
    { args: ['-', 'oci:b', '--user', 'a', '--password-stdin'], words: /--password-stdin/ },
  ])('refuses $args', async ({ args, words }) => {
    const { code, stderr } = await type(['copy', ...args]);
    expect(code).toBe(2);
    expect(stderr()).toMatch(words);
  });
});

describe('images save', () => {
  it.each([
    { name: 'a.tar', magic: Buffer.from('oci-layout').toString('hex') },
    { name: 'a.tar.gz', magic: '1f8b' },
    { name: 'a.tgz', magic: '1f8b' },
    { name: 'a.tar.zst', magic: '28b52ffd' },
  ])('writes $name as its name says', async ({ name, magic }) => {
    const saved = await type(['save', `oci:${image.layout}`, '-o', at(name)]);
    expect({ code: saved.code, err: saved.stderr() }).toMatchObject({ code: 0 });
    expect((await readFile(at(name))).toString('hex').startsWith(magic)).toBe(true);
    const back = await type(['copy', `oci-archive:${at(name)}`, `oci:${at(`${name}-back`)}`, '--json']);
    expect(JSON.parse(back.stdout())).toMatchObject({ digest: image.digest });
  });

  it('writes nothing to a terminal', async () => {
    const { code, stderr } = await type(['save', `oci:${image.layout}`], { isOutTTY: true });
    expect(code).toBe(2);
    expect(stderr()).toMatch(/not written to a terminal/);
  });
});

describe('images load', () => {
  it('wants a name for what has none', async () => {
    const index = JSON.parse(await readFile(join(image.layout, 'index.json'), 'utf8'));
    const nameless = at('nameless');
    await type(['copy', `oci:${image.layout}`, `oci:${nameless}`]);
    const manifests = index.manifests.map(
      ({ annotations: _names, ...rest }: { annotations: object }) => rest,
    );
    await writeFile(join(nameless, 'index.json'), JSON.stringify({ ...index, manifests }));
    const { code, stderr } = await type(['load', '-i', nameless]);
    expect(code).toBe(2);
    expect(stderr()).toMatch(/no name for the image sha256:/);
  });

  it('wants a repository for what has a tag alone', async () => {
    const { code, stderr } = await type(['load', '-i', image.layout]);
    expect(code).toBe(2);
    expect(stderr()).toMatch(/a tag without a repository/);
  });

  it('says what an archive is that is none', async () => {
    const { code, stderr } = await type(['load', '-i', '-'], { stdin: 'not a tar' });
    expect(code).toBe(1);
    expect(stderr()).toMatch(/error\[ARCHIVE_INVALID\]/);
  });
});
