import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildx, writeContext } from '../support/build-image.ts';
import {
  ENGINE_NEEDS,
  NEWER_ENGINE,
  startEngine,
  SYSTEM_ENGINE,
  type Engine,
  type EnginePrograms,
} from '../support/engine.ts';
import { makeKind, type ImageKind, type KindName } from '../support/image-kinds.ts';
import { openImageStage, type ImageStage } from '../support/image-stage.ts';
import { images } from '../support/images-command.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import { pushKind, tagged } from '../support/place-kinds.ts';
import { must } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { compareShown, type EngineStyle } from '../support/shown-image.ts';
import { readStored, storedIn } from '../support/stored-image.ts';

/** What BuildKit writes into files, and how our commands name it. */
interface BuildOutput {
  readonly name: string;
  readonly output: string;
  readonly form: 'oci' | 'oci-archive' | 'docker-archive';
  readonly args?: readonly string[];
}

const OUTPUTS: readonly BuildOutput[] = [
  { name: 'type=docker', output: 'type=docker', form: 'docker-archive' },
  { name: 'type=oci', output: 'type=oci', form: 'oci-archive' },
  { name: 'type=oci in a folder', output: 'type=oci,tar=false', form: 'oci' },
  {
    name: 'type=oci with zstd',
    output: 'type=oci,compression=zstd,force-compression=true',
    form: 'oci-archive',
  },
  {
    name: 'type=oci of two platforms, attested',
    output: 'type=oci',
    form: 'oci-archive',
    args: ['--platform', 'linux/amd64,linux/arm64', '--provenance=mode=max'],
  },
];

interface EngineCase {
  readonly name: string;
  readonly style: EngineStyle;
  readonly programs: EnginePrograms;
  readonly settings?: object;
  readonly loads: readonly KindName[];
  /** What its BuildKit can write. */
  readonly outputs?: readonly BuildOutput[];
  /** Kinds that it can't load, and what it says. */
  readonly refuses: readonly (readonly [KindName, RegExp])[];
}

/** Containers of one platform, which engines of any age can load, and what they take for one. */
const KINDS: readonly KindName[] = ['oci', 'schema2', 'empty-layer', 'bare', 'platforms', 'attested'];
/** The classic store reads configs and layers alone, and needs all of them. */
const CLASSIC_REFUSES: EngineCase['refuses'] = [
  ['helm', /no such file/],
  ['foreign', /no such file/],
];

const CASES: readonly EngineCase[] = [
  {
    name: 'docker 20.10',
    style: 'docker 20.10',
    programs: SYSTEM_ENGINE,
    loads: KINDS,
    // It knows no zstd. Of 128 layers it says the same as the next one, after half a minute.
    refuses: [...CLASSIC_REFUSES, ['zstd', /unexpected EOF/]],
  },
  {
    name: 'docker 28',
    style: 'docker 28',
    programs: NEWER_ENGINE,
    loads: [...KINDS, 'zstd'],
    // Overlayfs stacks no more than 125 layers.
    refuses: [...CLASSIC_REFUSES, ['many-layers', /max depth exceeded/]],
  },
  {
    name: 'docker 28 with the containerd store',
    style: 'containerd store',
    programs: NEWER_ENGINE,
    settings: { features: { 'containerd-snapshotter': true } },
    // It loads indexes in indexes too, and counts their sizes in a way of its own.
    loads: [...KINDS, 'zstd', 'many-layers'],
    // One store is enough: BuildKit writes the files.
    outputs: OUTPUTS,
    refuses: [],
  },
];

/** Kinds of several manifests, which are saved and kept whole. */
const WHOLE: readonly KindName[] = ['platforms', 'attested'];

for (const { name, style, programs, settings = {}, loads, refuses, outputs = [] } of CASES) {
  const needs = [programs.dockerd, programs.docker, 'docker-buildx', 'docker-registry', ...ENGINE_NEEDS];
  describeWith(needs, `images, beside ${name}`, () => {
    let namespace: Namespace;
    let stage: ImageStage;
    let engine: Engine;
    const at = (file: string): string => join(stage.folder, file);

    beforeAll(async () => {
      namespace = await createNamespace();
      stage = await openImageStage();
      engine = await startEngine({ namespace, programs, settings });
    });
    afterAll(async () => {
      await engine?.close();
      await stage?.close();
      await namespace?.close();
    });

    /** Saves an image of a kind. Resolves to its name and the archive. */
    async function save(kind: KindName): Promise<{ made: ImageKind; image: string; file: string }> {
      const made = await makeKind(kind);
      const image = `${stage.stock.host}/team/${kind}:1`;
      const file = at(`${kind}.tar`);
      await pushKind(stage.stock.url, `team/${kind}`, made);
      const all = WHOLE.includes(kind) ? ['--all'] : [];
      await images('save', image, '--output', file, '--plain-http', ...all);
      return { made, image, file };
    }

    it.each(loads)(
      'loads %s that we have saved and shows it as we do, and we load what it saves',
      async (kind) => {
        const { made, image, file } = await save(kind);
        expect(await engine.must(['load', '-i', file])).toContain(`Loaded image: ${image}`);
        const { theirs, ours } = await compareShown(engine, style, image);
        expect(theirs).toEqual(ours);
        const back = at(`${kind}-back.tar`);
        await engine.must(['save', '-o', back, image]);
        await images('load', '--input', back, `${stage.embedded.host}/${kind}:back`, '--plain-http');
        const [after, before] = await bothEnds(style, made, stage.embedded.url);
        expect(after).toEqual(before);
        await engine.must(['rmi', image]);
      },
    );

    it('loads zstd from a docker-archive, which has its layers as they are unpacked', async () => {
      const { image } = await save('zstd');
      const file = at('zstd-classic.tar');
      await images('copy', image, `docker-archive:${file}:${image}`, '--plain-http');
      expect(await engine.must(['load', '-i', file])).toContain(`Loaded image: ${image}`);
      const layers = ['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image];
      expect(JSON.parse(await engine.must(layers))).toEqual((await storedIn(await makeKind('zstd'))).diffIds);
      await engine.must(['rmi', image]);
    });

    it.each(refuses)('%s: it says why it does not load it', async (kind, words) => {
      const { file } = await save(kind);
      const { status, output } = await engine.docker(['load', '-i', file]);
      expect(output).toMatch(words);
      expect(status).not.toBe(0);
    });

    it('builds an image of many instructions that is the same after a way through registry and archive', async () => {
      const image = `${stage.stock.host}/team/built:1`;
      const [context, first, again] = [at('context'), at('built.tar'), at('built-again.tar')];
      await writeContext(context);
      if (style === 'docker 20.10')
        await engine.must(['build', '--tag', image, context], { env: { DOCKER_BUILDKIT: '0' } });
      else await buildx(engine, ['--load', '--tag', image, context]);
      const id = ['image', 'inspect', '--format', '{{.Id}}', image];
      const before = await engine.must(id);
      await engine.must(['save', '-o', first, image]);
      await images('load', '--input', first, image, '--plain-http');
      await engine.must(['rmi', image]);
      await images('save', image, '--output', again, '--all', '--plain-http');
      await engine.must(['load', '-i', again]);
      expect(await engine.must(id)).toBe(before);
      const { theirs, ours } = await compareShown(engine, style, image);
      expect(theirs).toEqual(ours);
      expect(await tagged(stage.stock.url, 'team/built')).toBeDefined();
      await engine.must(['rmi', image]);
    });

    it.each(outputs)(
      'we load what buildx writes as $name',
      async ({ name: title, output, form, args = [] }) => {
        const slug = title.replaceAll(/\W+/g, '-');
        const [context, dest, image] = [at(`${slug}-context`), at(slug), `lan.test/team/${slug}:1`];
        await writeContext(context);
        await buildx(engine, [...args, '--tag', image, '--output', `${output},dest=${dest}`, context]);
        await images(
          'copy',
          `${form}:${dest}`,
          `${stage.embedded.host}/buildx/${slug}:1`,
          '--all',
          '--plain-http',
        );
        const index =
          form === 'oci'
            ? await readFile(join(dest, 'index.json'), 'utf8')
            : await must('tar', ['-xOf', dest, 'index.json']);
        const { manifests } = JSON.parse(index) as {
          readonly manifests: readonly { readonly digest: string }[];
        };
        expect(await tagged(stage.embedded.url, `buildx/${slug}`)).toBe(manifests[0]?.digest);
        const [shown] = JSON.parse(await images('inspect', `${form}:${dest}`)) as readonly object[];
        expect(shown).toMatchObject({
          RepoTags: [image],
          Os: 'linux',
          Config: { Entrypoint: ['/content', '--flag'] },
        });
        expect(await images('cat', `${form}:${dest}`, '/other/content')).toBe('content\n');
      },
    );
  });
}

/** What came back under the tag `back`, and what it has to be: the same with containerd's store, else config and files. */
async function bothEnds(style: EngineStyle, made: ImageKind, url: string): Promise<readonly unknown[]> {
  if (style === 'containerd store') return [await tagged(url, made.name, 'back'), made.root.digest];
  const [after, before] = [await readStored(url, made.name, 'back'), await storedIn(made)];
  return [after, { ...before, layers: after.layers }];
}
