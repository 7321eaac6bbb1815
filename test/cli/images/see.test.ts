import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { makeKind, makeRecompressed, type ImageKind } from '../../support/image-kinds.ts';
import { contentOf, jsonContent } from '../../support/image-content.ts';
import { recordingTerminal, type RecordingTerminalOptions } from '../../support/terminal.ts';
import { startSmallRegistry, type SmallRegistry } from './small-registry.ts';

let registry: SmallRegistry;
const kinds = new Map<string, ImageKind>();

beforeAll(async () => {
  registry = await startSmallRegistry(2);
  const all = [
    'oci',
    'schema2',
    'platforms',
    'attested',
    'helm',
    'cosign-tag',
    'foreign',
    'zstd',
    'nested',
    'empty-layer',
  ] as const;
  for (const name of all) {
    const kind = await makeKind(name);
    kinds.set(name, kind);
    await registry.add(`kinds/${name}`, '1', kind);
  }
  for (const tag of ['1.9.0', '1.10.0', 'v1.8.2', 'latest', '1.10.0-rc.1'])
    await registry.add('team/app', tag, kindOf('oci'));
  await registry.add('team/app', '1.10.0-arm', kindOf('platforms'));
});
afterAll(() => registry.close());

function kindOf(name: string): ImageKind {
  const kind = kinds.get(name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}

interface Seen {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function images(argv: readonly string[], options: RecordingTerminalOptions = {}): Promise<Seen> {
  const terminal = recordingTerminal(options);
  const named = argv.map((word) => word.replace('R/', `${registry.name}/`).replace(/^R$/, registry.name));
  const status = await run(['images', ...named, '--plain-http'], terminal);
  return { status, out: terminal.stdout(), err: terminal.stderr() };
}

async function shown(argv: readonly string[], options: RecordingTerminalOptions = {}): Promise<string> {
  const seen = await images(argv, options);
  expect(seen).toMatchObject({ status: 0, err: '' });
  return seen.out;
}

async function json(argv: readonly string[]): Promise<ReturnType<typeof JSON.parse>> {
  return JSON.parse(await shown(argv));
}

describe('images list', () => {
  it('lists a catalog in pages, as it comes', async () => {
    const lines = (await shown(['list', 'R'])).trim().split('\n');
    expect(lines).toEqual([...[...kinds.keys()].map((name) => `kinds/${name}`), 'team/app'].sort());
  });

  it('stops asking where --limit is reached', async () => {
    const before = registry.asked.length;
    expect(await shown(['list', 'R', '--limit', '2'])).toBe('kinds/attested\nkinds/cosign-tag\n');
    expect(registry.asked.slice(before).filter((line) => line.includes('_catalog'))).toHaveLength(1);
  });

  it('lists a namespace, and what a glob matches', async () => {
    expect(await shown(['list', 'R/team/'])).toBe('team/app\n');
    expect(await shown(['list', 'R', '--filter', '*/ocI', '--filter', 'kinds/s*'])).toBe('kinds/schema2\n');
  });

  it('counts tags and shows the newest', async () => {
    expect(await shown(['list', 'R/team/', '--tags'])).toBe('team/app\t6\t1.10.0\n');
    expect(await json(['list', 'R/team/', '--tags', '--json'])).toEqual([
      { registry: registry.name, repository: 'team/app', tags: 6, newest: '1.10.0' },
    ]);
  });

  it.each([
    [['list', 'R', '--sort', 'size'], "can't be sorted by size"],
    [['list', 'R', '--filter', 'platform=linux/arm64'], 'have no platform'],
    [['tags', 'R/team/app', '--filter', 'since=yesterday'], 'A moment is like'],
    [['tags', 'R/team/app', '--limit', '0'], 'a number from 1 on'],
    [['inspect', 'R/team/app:1.9.0', '--raw', '--raw-config'], 'exclude each other'],
    [['history', 'R/team/app:1.9.0', '--human=perhaps'], 'true or false'],
  ])('%j is wrong usage', async (argv, message) => {
    const seen = await images(argv);
    expect(seen.status).toBe(2);
    expect(seen.err).toContain(message);
  });

  it.each([401, 403, 404, 405])('says what to do where the catalog answers %d', async (status) => {
    const closed = await startSmallRegistry(2, status);
    try {
      const terminal = recordingTerminal();
      expect(await run(['images', 'list', closed.name, '--plain-http'], terminal)).toBe(1);
      expect(terminal.stderr()).toMatch(/error\[(REGISTRY_REFUSED|SIGN_IN_FAILED)\]/);
      expect(terminal.stdout()).toBe('');
    } finally {
      await closed.close();
    }
  });
});

describe('images tags', () => {
  it('sorts versions, the newest first', async () => {
    expect(await shown(['tags', 'R/team/app', '--quiet'])).toBe(
      '1.10.0\n1.10.0-arm\n1.10.0-rc.1\n1.9.0\nv1.8.2\nlatest\n',
    );
    expect(await shown(['list', 'R/team/app', '-q', '--sort', 'none', '--limit', '2'])).toBe(
      '1.10.0\n1.10.0-arm\n',
    );
  });

  it('tells digest, size, platforms and date, whole off a terminal', async () => {
    const { root, blobs } = kindOf('oci');
    const size = blobs.reduce((sum, blob) => sum + blob.size, 0);
    const [row = ''] = (await shown(['tags', 'R/kinds/oci'])).split('\n');
    expect(row.split('\t')).toEqual([
      '1',
      root.digest,
      String(size),
      'linux/amd64',
      '2024-02-29T12:30:00.123456789Z',
    ]);
    const [head = '', line = ''] = (
      await shown(['tags', 'R/kinds/oci'], { isOutTTY: true, env: { NO_COLOR: '1' } })
    ).split('\n');
    expect(head.split(/ {2,}/)).toEqual(['TAG', 'DIGEST', 'SIZE', 'PLATFORMS', 'CREATED']);
    expect(line).toContain(root.digest.slice(7, 19));
    expect(line).not.toContain(root.digest);
    expect(line).toMatch(/ago$/);
  });

  it('counts a pull: each layer once, no foreign one', async () => {
    const { blobs } = kindOf('foreign');
    const [row] = await json(['tags', 'R/kinds/foreign', '--json']);
    expect(row.size).toBe(blobs.reduce((sum, blob) => sum + blob.size, 0));
  });

  it.each([
    ['platforms', ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7'], null],
    ['attested', ['linux/amd64'], null],
    ['helm', [], 'application/vnd.cncf.helm.config.v1+json'],
    ['cosign-tag', ['linux/amd64'], null],
  ])('knows what %s is', async (name, platforms, artifactType) => {
    const rows = await json(['tags', `R/kinds/${name}`, '--json']);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      tag: '1',
      digest: kindOf(name).root.digest,
      artifactType,
      problem: null,
    });
    expect(rows[0].platforms).toEqual(platforms);
  });

  it('hides tags of signatures unless --all is given', async () => {
    expect(await shown(['tags', 'R/kinds/cosign-tag', '-q'])).toBe('1\n');
    expect(await shown(['tags', 'R/kinds/cosign-tag', '-q', '--all'])).toMatch(
      /^1\nsha256-[a-f0-9]{64}\.sig\n$/,
    );
  });

  it.each([
    [
      ['--filter', '1.10*'],
      ['1.10.0', '1.10.0-arm', '1.10.0-rc.1'],
    ],
    [
      ['--filter', 'tag=1.1?.0', '--filter', 'v*'],
      ['1.10.0', 'v1.8.2'],
    ],
    [['--filter', 'platform=linux/arm64'], ['1.10.0-arm']],
    [
      ['--filter', 'since=2024-01-01', '--limit', '2'],
      ['1.10.0', '1.10.0-arm'],
    ],
    [['--filter', 'before=2024-01-01'], []],
    [['--filter', 'label=no.such'], []],
    [
      ['--sort', 'name', '--limit', '3'],
      ['1.10.0', '1.10.0-arm', '1.10.0-rc.1'],
    ],
    [['--sort', 'created', '--filter', 'l*'], ['latest']],
  ])('%j', async (options, tags) => {
    const out = await shown(['tags', 'R/team/app', '-q', ...options]);
    expect(out.split('\n').filter((line) => line !== '')).toEqual(tags);
  });

  it('goes on where one image can not be read', async () => {
    const broken = contentOf('application/vnd.oci.image.manifest.v1+json', Buffer.from('[]'));
    await registry.put('team/broken', 'bad', broken);
    await registry.add('team/broken', '1', kindOf('oci'));
    const seen = await images(['tags', 'R/team/broken']);
    expect(seen.status).toBe(0);
    expect(seen.out.split('\n').map((line) => line.split('\t')[0])).toEqual(['1', 'bad', '']);
    expect(seen.err).toContain("bad: The image can't be read");
  });

  it('says that a repository is unknown', async () => {
    const seen = await images(['tags', 'R/no/such']);
    expect(seen).toMatchObject({ status: 1, out: '' });
    expect(seen.err).toMatch(/error\[(IMAGE_UNKNOWN|REGISTRY_REFUSED)\]/);
  });
});

describe('images inspect', () => {
  it('prints what docker image inspect prints', async () => {
    const [image] = await json(['inspect', 'R/kinds/schema2:1']);
    const { root } = kindOf('schema2');
    const manifest = JSON.parse((await shown(['inspect', 'R/kinds/schema2:1', '--raw'])).toString());
    expect(image).toMatchObject({
      Id: manifest.config.digest,
      RepoTags: [`${registry.name}/kinds/schema2:1`],
      RepoDigests: [`${registry.name}/kinds/schema2@${root.digest}`],
      Created: '2024-02-29T12:30:00.123456789Z',
      Architecture: 'amd64',
      Os: 'linux',
      RootFS: { Type: 'layers' },
      Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
      Manifest: { Digest: root.digest, MediaType: root.mediaType },
    });
    expect(Object.keys(image).slice(0, 5)).toEqual(['Id', 'RepoTags', 'RepoDigests', 'Parent', 'Comment']);
    expect(image.Size).toBe(
      manifest.layers.reduce((sum: number, { size }: { size: number }) => sum + size, 0),
    );
    expect(image.Layers.map((layer: { DiffID: string }) => layer.DiffID)).toEqual(image.RootFS.Layers);
    expect(image.Layers[0]).toMatchObject({
      Digest: manifest.layers[0].digest,
      MediaType: manifest.layers[0].mediaType,
    });
  });

  it('shows the bytes of manifest and config as they are', async () => {
    const raw = await shown(['inspect', 'R/kinds/platforms:1', '--raw']);
    expect(contentOf('', Buffer.from(raw)).digest).toBe(kindOf('platforms').root.digest);
    const child = await shown(['inspect', 'R/kinds/platforms:1', '--raw', '--platform', 'linux/arm64']);
    expect(kindOf('platforms').manifests.map(({ digest }) => digest)).toContain(
      contentOf('', Buffer.from(child)).digest,
    );
    const config = await shown(['inspect', 'R/kinds/platforms:1', '--raw-config', '--platform', 'arm64']);
    expect(JSON.parse(child).config.digest).toBe(contentOf('', Buffer.from(config)).digest);
  });

  it('shows the index with its platforms, and attestations with what they attest', async () => {
    const [image] = await json(['inspect', 'R/kinds/attested:1']);
    expect(image.Index.Digest).toBe(kindOf('attested').root.digest);
    expect(image.Index.Platforms).toMatchObject([
      { Platform: 'linux/amd64', Digest: image.Manifest.Digest },
      { Attests: image.Manifest.Digest },
    ]);
    expect(image.Index.Platforms[1]).not.toHaveProperty('Platform');
  });

  it.each([
    ['linux/arm64', 'arm64'],
    ['linux/arm/v7', 'arm'],
    ['amd64', 'amd64'],
  ])('chooses %s', async (platform, architecture) => {
    for (const kind of ['platforms', 'nested'])
      expect(
        await shown(['inspect', `R/kinds/${kind}:1`, '--platform', platform, '--format', 'Architecture']),
      ).toBe(`${architecture}\n`);
  });

  it('finds signatures by the tags of cosign', async () => {
    const [image] = await json(['inspect', 'R/kinds/cosign-tag:1']);
    expect(image.Referrers).toMatchObject([{ Kind: 'signature', Tag: expect.stringMatching(/\.sig$/) }]);
    expect((await json(['inspect', 'R/kinds/cosign-tag:1', '--no-referrers']))[0].Referrers).toEqual([]);
  });

  it('finds referrers by the tag that stands for their list', async () => {
    const kind = await makeKind('referrers');
    await registry.add('kinds/referrers', '1', kind);
    const list = jsonContent('application/vnd.oci.image.index.v1+json', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: kind.referrers.map(({ mediaType, digest, size }, at) => ({
        mediaType,
        digest,
        size,
        artifactType: at === 0 ? 'application/vnd.dev.cosign.artifact.sig.v1+json' : 'application/spdx+json',
      })),
    });
    await registry.put('kinds/referrers', kind.root.digest.replace(':', '-'), list);
    const [image] = await json(['inspect', 'R/kinds/referrers:1']);
    expect(image.Referrers.map(({ Kind }: { Kind: string }) => Kind).sort()).toEqual(['sbom', 'signature']);
  });

  it('shows an artifact as what it is', async () => {
    const [artifact] = await json(['inspect', 'R/kinds/helm:1']);
    expect(artifact).toMatchObject({
      ArtifactType: 'application/vnd.cncf.helm.config.v1+json',
      Id: kindOf('helm').root.digest,
    });
    expect(artifact).not.toHaveProperty('Config');
  });

  it.each([
    ['Os', 'linux\n'],
    ['{{.Os}}', 'linux\n'],
    ['RootFS.Type', 'layers\n'],
    ['{{json .RootFS.Type}}', '"layers"\n'],
  ])('--format %s', async (format, text) => {
    expect(await shown(['inspect', 'R/team/app:1.9.0', '--format', format])).toBe(text);
  });

  it.each([
    [['inspect', 'R/team/app:nosuch'], 'IMAGE_UNKNOWN', 1],
    [['inspect', 'R/kinds/platforms:1', '--platform', 'linux/riscv64'], 'IMAGE_UNKNOWN', 1],
    [['inspect', 'R/kinds/oci:1', '--platform', 'linux/arm64'], 'IMAGE_UNKNOWN', 1],
    [['inspect', 'R/team/app:1.9.0', '--format', 'Config.constructor'], 'USAGE', 2],
    [['history', 'R/kinds/helm:1'], 'IMAGE_INVALID', 1],
  ])('%j ends in %s', async (argv, code, status) => {
    const seen = await images(argv);
    expect(seen.err).toContain(`error[${code}]`);
    expect(seen).toMatchObject({ status, out: '' });
  });
});

describe('images history', () => {
  it('has a row for each step, the newest first, aligned to the layers', async () => {
    const rows = await json(['history', 'R/kinds/oci:1', '--json']);
    const config = JSON.parse(await shown(['inspect', 'R/kinds/oci:1', '--raw-config']));
    expect(rows.map(({ createdBy }: { createdBy: string }) => createdBy)).toEqual(
      config.history.map(({ created_by: text }: { created_by: string }) => text).toReversed(),
    );
    const layers = rows.filter(({ empty }: { empty: boolean }) => !empty).toReversed();
    expect(layers.map(({ diffId }: { diffId: string }) => diffId)).toEqual(config.rootfs.diff_ids);
    const bare = rows.filter(({ empty }: { empty: boolean }) => empty);
    expect(bare.every(({ size }: { size: number }) => size === 0)).toBe(true);
  });

  it('prints the columns of docker', async () => {
    const out = await shown(['history', 'R/kinds/oci:1'], { isOutTTY: true, env: { NO_COLOR: '1' } });
    const [head = '', first = '', second = ''] = out.split('\n');
    expect(head.split(/ {2,}/)).toEqual(['IMAGE', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT']);
    expect(first).toMatch(/^[a-f0-9]{12} .* ago /);
    expect(second).toMatch(/^<missing>/);
    const plain = await shown(['history', 'R/kinds/oci:1', '--human=false', '--no-trunc']);
    expect(plain.split('\n')[0]).toMatch(/^sha256:[a-f0-9]{64}\t2024-02-29T\S+\t[^\t]*\t\d+\t[^\t]*$/);
    const ids = await shown(['history', '-q', 'R/kinds/oci:1']);
    expect(ids).toMatch(/^[a-f0-9]{12}\n(<missing>\n)*$/);
  });

  it('reads it back as a Dockerfile', async () => {
    const out = await shown(['history', 'R/kinds/oci:1', '--dockerfile']);
    expect(out).toMatch(/^# Read back from the history of \S+\/kinds\/oci:1\n/);
    expect(out).toMatch(/\nFROM scratch\n/);
  });
});

describe('images diff', () => {
  it('says that an image is the same as itself', async () => {
    const seen = await images(['diff', 'R/team/app:1.9.0', 'R/team/app:latest', '--json']);
    expect(seen).toMatchObject({ status: 0, err: '' });
    expect(JSON.parse(seen.out)).toMatchObject({ same: true, changes: [], fetchBytes: 0 });
  });

  it('shows what differs, and what a host fetches', async () => {
    await registry.add('recompressed', '1', await makeRecompressed());
    const seen = await images(['diff', 'R/kinds/oci:1', 'R/recompressed:1', '--json']);
    expect(seen).toMatchObject({ status: 1, err: '' });
    const diff = JSON.parse(seen.out);
    const added = diff.layers.filter(({ state }: { state: string }) => state === 'added');
    expect(added.length).toBeGreaterThan(0);
    expect(added.every(({ recompressed }: { recompressed: boolean }) => recompressed)).toBe(true);
    expect(diff.fetchBytes).toBe(added.reduce((sum: number, { size }: { size: number }) => sum + size, 0));
    const text = await images(['diff', 'R/kinds/oci:1', 'R/kinds/schema2:1']);
    expect(text.status).toBe(1);
    expect(text.out).toMatch(/^- MediaType: .*\n\+ MediaType: /);
    expect(text.out).toMatch(/\nShared: \S+\. To fetch: \S+ of \S+\.\n$/);
  });

  it('ends with 2 where it can not compare', async () => {
    const seen = await images(['diff', 'R/kinds/oci:1', 'R/kinds/oci:nosuch']);
    expect(seen).toMatchObject({ status: 2, out: '' });
    expect(seen.err).toContain('error[IMAGE_UNKNOWN]');
  });
});

describe('docs/images.md', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/images.md'), 'utf8');

  /** The names of all members, however deep, with the kind of each value where it is no text of its own. */
  const shapeOf = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
    if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
  };

  it.each([
    ['tags', ['tags', 'R/team/app', '--limit', '1', '--filter', '1.9.0', '--json']],
    ['list', ['list', 'R/team/', '--filter', 'team/app', '--tags', '--json']],
    ['inspect', ['inspect', 'R/team/app:1.9.0']],
    ['history', ['history', 'R/kinds/empty-layer:1', '--json']],
    ['diff', ['diff', 'R/kinds/oci:1', 'R/kinds/schema2:1', '--json']],
  ])('shows the JSON of %s', async (name, argv) => {
    const [, text = ''] = new RegExp(`<!-- json ${name} -->\n\`\`\`json\n([^]*?)\n\`\`\``).exec(page) ?? [];
    const said = JSON.parse(text);
    const { out } = await images(argv);
    const real = JSON.parse(out);
    const free = { Config: {}, Annotations: {}, labels: {}, changes: [] };
    const bare = (value: unknown): unknown =>
      shapeOf(
        Array.isArray(value)
          ? [{ ...value[0], ...only(value[0], free) }]
          : { ...Object(value), ...only(value, free) },
      );
    expect(bare(real)).toEqual(bare(said));
  });

  /** What may hold anything, where it is there. */
  function only(value: unknown, free: Readonly<Record<string, unknown>>): object {
    return Object.fromEntries(Object.entries(free).filter(([name]) => Object.hasOwn(Object(value), name)));
  }
});
