import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
import { pushKind } from '../support/place-kinds.ts';
import { describeWith } from '../support/requires.ts';
import { readStored, storedIn } from '../support/stored-image.ts';

interface EngineCase {
  readonly name: string;
  readonly programs: EnginePrograms;
  readonly settings?: object;
  /** Whether its id of an image is the digest of the config. With containerd's store it is that of the manifest. */
  readonly isIdOfConfig: boolean;
}

/** Containers of one platform, which engines of any age can load. */
const KINDS: readonly KindName[] = ['oci', 'schema2', 'empty-layer'];

const CASES: readonly EngineCase[] = [
  { name: 'docker 20.10', programs: SYSTEM_ENGINE, isIdOfConfig: true },
  { name: 'docker 28', programs: NEWER_ENGINE, isIdOfConfig: true },
  {
    name: 'docker 28 with the containerd store',
    programs: NEWER_ENGINE,
    settings: { features: { 'containerd-snapshotter': true } },
    isIdOfConfig: false,
  },
];

for (const { name, programs, settings = {}, isIdOfConfig } of CASES) {
  const needs = [programs.dockerd, programs.docker, 'docker-registry', ...ENGINE_NEEDS];
  describeWith(needs, `images, beside ${name}`, () => {
    let namespace: Namespace;
    let stage: ImageStage;
    let engine: Engine;
    const kinds = new Map<KindName, ImageKind>();

    beforeAll(async () => {
      namespace = await createNamespace();
      stage = await openImageStage();
      engine = await startEngine({ namespace, programs, settings });
      for (const kind of KINDS) {
        kinds.set(kind, await makeKind(kind));
        await pushKind(stage.stock.url, `team/${kind}`, await makeKind(kind));
      }
    });
    afterAll(async () => {
      await engine?.close();
      await stage?.close();
      await namespace?.close();
    });

    const made = (kind: KindName): ImageKind => kinds.get(kind) ?? expect.fail(kind);

    it.each(KINDS)('shows %s as we do, key by key', async (kind) => {
      const image = `${stage.stock.host}/team/${kind}:1`;
      const file = join(stage.folder, `${kind}-shown.tar`);
      await images('save', image, '--output', file, '--plain-http');
      await engine.must(['load', '-i', file]);
      const [theirs] = JSON.parse(await engine.must(['image', 'inspect', image])) as readonly Shown[];
      const [ours] = [JSON.parse(await images('inspect', image, '--plain-http'))].flat() as readonly Shown[];
      for (const key of ['Created', 'Author', 'Architecture', 'Os', 'RootFS'])
        expect({ [key]: ours?.[key] }).toEqual({ [key]: theirs?.[key] });
      const config = (of: Shown | undefined): Shown => ({ ...(of?.['Config'] as Shown | undefined) });
      const set = Object.entries(config(theirs)).filter(([, value]) => !isNothing(value));
      expect(config(ours)).toMatchObject(Object.fromEntries(set));
      const lines = await engine.must(['image', 'history', '--no-trunc', '--format', '{{json .}}', image]);
      const steps = lines.split('\n').map((line) => JSON.parse(line) as Shown);
      const shown = JSON.parse(await images('history', image, '--json', '--plain-http')) as readonly Shown[];
      expect(shown.map((step) => [step['createdBy'], step['comment']])).toEqual(
        steps.map((step) => [step['CreatedBy'], step['Comment']]),
      );
      await engine.must(['rmi', image]);
    });

    it.each(KINDS)('loads %s that we have saved, and we load what it saves', async (kind) => {
      const image = `${stage.stock.host}/team/${kind}:1`;
      const before = await storedIn(made(kind));
      const file = join(stage.folder, `${kind}.tar`);
      await images('save', image, '--output', file, '--plain-http');
      expect(await engine.must(['load', '-i', file])).toContain(`Loaded image: ${image}`);
      const [theirs] = JSON.parse(await engine.must(['image', 'inspect', image])) as readonly Inspected[];
      expect(theirs?.RootFS.Layers).toEqual(before.diffIds);
      expect([theirs?.Id, isIdOfConfig]).toEqual([isIdOfConfig ? before.config : theirs?.Id, isIdOfConfig]);

      const back = join(stage.folder, `${kind}-back.tar`);
      await engine.must(['save', '-o', back, image]);
      await images('load', '--input', back, `${stage.embedded.host}/${kind}:back`, '--plain-http');
      const after = await readStored(stage.embedded.url, kind, 'back');
      expect(after).toEqual({ ...before, layers: after.layers });
      await engine.must(['rmi', image]);
    });
  });
}

type Shown = Readonly<Record<string, unknown>>;

/** What engines print of a member that is not set. */
function isNothing(value: unknown): boolean {
  return value === null || value === '' || value === false;
}

interface Inspected {
  readonly Id: string;
  readonly RootFS: { readonly Layers: readonly string[] };
}
