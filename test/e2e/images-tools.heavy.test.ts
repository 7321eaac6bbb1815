import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImageStage, type ImageStage, type Place } from '../support/image-stage.ts';
import { KIND_NAMES, makeKind, type ImageKind, type KindName } from '../support/image-kinds.ts';
import { READERS, WRITERS, type Keeps } from '../support/image-tools.ts';
import { images } from '../support/images-command.ts';
import { pushKind, tagged } from '../support/place-kinds.ts';
import { must } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { readStored, storedIn } from '../support/stored-image.ts';

const PROGRAMS = ['docker-registry', 'crane', 'skopeo', 'podman', 'oras', 'umoci'];
/** One program each way for an image of 128 layers: the others do the same, and take long. */
/** What an image has beside it is not part of it: these are the kind `oci`. */
const BESIDE: readonly KindName[] = ['cosign-tag', 'referrers'];
const FOR_MANY: readonly string[] = ['skopeo copy oci:', 'crane push'];

/** A program, a kind, and which way it goes: each second cell from the embedded registry into docker-registry. */
interface Cell<T> {
  readonly name: string;
  readonly tool: T;
  readonly kind: KindName;
  readonly isIntoStock: boolean;
}

interface Tool {
  readonly name: string;
  readonly cannot: readonly (readonly [KindName, RegExp])[];
}

function cellsOf<T extends Tool>(tools: readonly T[]): readonly Cell<T>[] {
  const cells = tools.flatMap((tool) => {
    const left = [...BESIDE, ...tool.cannot.map(([kind]) => kind)];
    const kinds = KIND_NAMES.filter((kind) => !left.includes(kind));
    return kinds
      .filter((kind) => kind !== 'many-layers' || FOR_MANY.includes(tool.name))
      .map((kind) => ({ tool, kind }));
  });
  return cells.map(({ tool, kind }, at) => ({
    name: `${tool.name}, ${kind}`,
    tool,
    kind,
    isIntoStock: at % 2 === 1,
  }));
}

/** What a program can't do, with the words for it. */
function refusalsOf<T extends Tool>(
  tools: readonly T[],
): readonly (Pick<Cell<T>, 'name' | 'tool' | 'kind'> & { readonly words: RegExp })[] {
  return tools.flatMap((tool) =>
    tool.cannot.map(([kind, words]) => ({ name: `${tool.name}, ${kind}`, tool, kind, words })),
  );
}

/** The digest that a kind keeps. Undefined if it gets another manifest. */
function digestKept({ manifest, rewrites = [] }: Keeps, made: ImageKind): string | undefined {
  if (manifest === undefined || rewrites.includes(made.name)) return undefined;
  return manifest === 'index' ? made.root.digest : made.manifests[0]?.digest;
}

describeWith(PROGRAMS, 'images, beside other tools', () => {
  let stage: ImageStage;
  const kinds = new Map<KindName, ImageKind>();

  beforeAll(async () => {
    stage = await openImageStage();
    for (const name of KIND_NAMES) {
      const kind = await makeKind(name);
      kinds.set(name, kind);
      for (const { url } of [stage.stock, stage.embedded]) await pushKind(url, name, kind);
    }
  });
  afterAll(() => stage.close());

  const made = (name: KindName): ImageKind => kinds.get(name) ?? expect.fail(name);
  const slug = (text: string): string => text.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  const ends = (isIntoStock: boolean): readonly [from: Place, to: Place] =>
    isIntoStock ? [stage.embedded, stage.stock] : [stage.stock, stage.embedded];

  /** What arrived, and what of it had to stay as it was. */
  async function arrived(
    { url }: Place,
    repository: string,
    keeps: Keeps,
    kind: ImageKind,
  ): Promise<readonly unknown[]> {
    const digest = digestKept(keeps, kind);
    if (digest !== undefined) return [await tagged(url, repository), digest];
    const [before, after] = [await storedIn(kind), await readStored(url, repository, '1')];
    const kept = {
      diffIds: before.diffIds,
      layers: keeps.layers && keeps.repacks?.includes(kind.name) !== true ? before.layers : after.layers,
      config: keeps.rewrites?.includes(kind.name) === true ? after.config : before.config,
    };
    return [after, kept];
  }

  type Writer = (typeof WRITERS)[number];
  type Reader = (typeof READERS)[number];

  async function loadWritten(tool: Writer, kind: KindName, from: Place, target: string): Promise<void> {
    const written = await tool.write(
      `${from.host}/${kind}:1`,
      join(stage.folder, slug(`${tool.name} ${kind}`)),
    );
    await images('copy', written, target, '--all', '--plain-http');
  }

  async function readSaved(tool: Reader, kind: KindName, from: Place, target: string): Promise<void> {
    const file = join(stage.folder, `${slug(`${tool.name} ${kind}`)}-ours.tar`);
    const image = `${from.host}/${kind}:1`;
    await images('save', image, '--output', file, '--all', '--plain-http');
    await tool.read(file, target, image);
  }

  describe('load what others have written', () => {
    it.each(cellsOf(WRITERS))('$name', async ({ name, tool, kind, isIntoStock }) => {
      const [from, to] = ends(isIntoStock);
      const repository = `written/${slug(name)}`;
      await loadWritten(tool, kind, from, `${to.host}/${repository}:1`);
      const [after, before] = await arrived(to, repository, tool.keeps, made(kind));
      expect(after).toEqual(before);
    });

    it.each(refusalsOf(WRITERS))('$name: it can not be', async ({ tool, kind, words }) => {
      const target = `${stage.embedded.host}/never:1`;
      await expect(loadWritten(tool, kind, stage.stock, target)).rejects.toThrow(words);
    });
  });

  describe('save what others read', () => {
    it.each(cellsOf(READERS))('$name', async ({ name, tool, kind, isIntoStock }) => {
      const [from, to] = ends(isIntoStock);
      const repository = `read/${slug(name)}`;
      await readSaved(tool, kind, from, `${to.host}/${repository}:1`);
      const [after, before] = await arrived(to, repository, tool.keeps, made(kind));
      expect(after).toEqual(before);
    });

    it.each(refusalsOf(READERS))('$name: it can not be', async ({ tool, kind, words }) => {
      const target = `${stage.embedded.host}/never:1`;
      await expect(readSaved(tool, kind, stage.stock, target)).rejects.toThrow(words);
    });
  });

  it('umoci unpacks a layout of ours, and we copy one of umoci', async () => {
    const layout = join(stage.folder, 'umoci');
    await images('copy', `${stage.stock.host}/oci:1`, `oci:${layout}:1`, '--plain-http');
    expect(await must('umoci', ['ls', '--layout', layout])).toBe('1');
    await must('umoci', ['unpack', '--rootless', '--image', `${layout}:1`, join(stage.folder, 'bundle')]);
    expect(await must('cat', [join(stage.folder, 'bundle/rootfs/etc/motd')])).toBe('Welcome back');
    // What an opaque directory hides, and what a whiteout removes.
    const rootfs = join(stage.folder, 'bundle/rootfs');
    expect(await must('find', [rootfs, '-name', 'pkgcache.bin', '-o', '-name', 'debian_version'])).toBe('');
    await must('umoci', ['config', '--image', `${layout}:1`, '--tag', '2', '--author', 'umoci']);
    await images('copy', `oci:${layout}:2`, `${stage.embedded.host}/umoci:2`, '--plain-http');
    const { layers } = await readStored(stage.embedded.url, 'umoci', '2');
    expect(layers).toEqual((await storedIn(made('oci'))).layers);
    await must('crane', ['validate', '--remote', `${stage.embedded.host}/umoci:2`]);
  });

  it('oras discovers what came along, and pulls a chart', async () => {
    const target = `${stage.embedded.host}/with/referrers:1`;
    await images('copy', `${stage.stock.host}/referrers:1`, target, '--referrers', '--plain-http');
    const found = await must('oras', ['discover', '--plain-http', '--format', 'json', target]);
    for (const { digest } of made('referrers').referrers) expect(found).toContain(digest);
    const chart = `${stage.embedded.host}/charts/helm:1`;
    await images('copy', `${stage.stock.host}/helm:1`, chart, '--plain-http');
    expect(await tagged(stage.embedded.url, 'charts/helm')).toBe(made('helm').root.digest);
    const manifest = await must('oras', ['manifest', 'fetch', '--plain-http', chart]);
    expect(JSON.parse(manifest)).toMatchObject({
      config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' },
    });
  });
});
