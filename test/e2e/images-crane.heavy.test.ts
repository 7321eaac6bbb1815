import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  exportByCrane,
  exportByOurs,
  withoutImplied,
  type ExportedImage,
} from '../support/exported-image.ts';
import { makeKind, type KindName } from '../support/image-kinds.ts';
import { openImageStage, type ImageStage } from '../support/image-stage.ts';
import { images } from '../support/images-command.ts';
import { pushKind } from '../support/place-kinds.ts';
import { must } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const KINDS: readonly KindName[] = ['oci', 'schema2', 'platforms', 'attested', 'zstd', 'empty-layer'];

/** It takes all layers for gzip: neither zstd nor the statements of an attestation are valid to it. */
const VALIDATED: readonly KindName[] = ['oci', 'schema2', 'platforms', 'empty-layer'];

/** A way from a repository of docker-registry to another place. */
interface Trip {
  readonly name: string;
  /** Resolves to the image at its end. */
  go(stage: ImageStage, kind: KindName, image: string): Promise<string>;
}

const WHOLE = ['--all', '--plain-http'];

/** Through something that lies between two registries. */
function through(name: string, between: (path: string) => string, options: readonly string[]): Trip {
  return {
    name,
    go: async ({ folder, embedded }, kind, image) => {
      const middle = between(join(folder, `${name.replaceAll(' ', '-')}-${kind}`));
      const target = `${embedded.host}/${name.replaceAll(' ', '-')}/${kind}:1`;
      await images('copy', image, middle, ...options);
      await images('copy', middle, target, ...options);
      return target;
    },
  };
}

const TRIPS: readonly Trip[] = [
  through('an oci archive', (path) => `oci-archive:${path}.tar`, WHOLE),
  through('an oci folder', (path) => `oci:${path}:1`, WHOLE),
  {
    name: 'a copy with mounts',
    go: async ({ stock }, kind, image) => {
      const target = `${stock.host}/mounted/${kind}:1`;
      await images('copy', image, target, ...WHOLE);
      return target;
    },
  },
  {
    name: 'a sync',
    go: async ({ stock, embedded, folder }, kind) => {
      const plan = join(folder, `${kind}.yml`);
      const lines = [
        `from: ${stock.host}`,
        `to: ${embedded.host}`,
        'prefix: synced/',
        `repositories: [${kind}]`,
      ];
      await writeFile(plan, `${lines.join('\n')}\n`);
      await images('sync', '--file', plan, '--yes', '--plain-http');
      return `${embedded.host}/synced/${kind}:1`;
    },
  },
];

/** Holds one platform, with layers that are not compressed. */
const CLASSIC = through('a docker archive', (path) => `docker-archive:${path}.tar`, [
  '--platform',
  'linux/amd64',
  '--plain-http',
]);

describeWith(['docker-registry', 'crane'], 'images, beside crane', () => {
  let stage: ImageStage;
  const before = new Map<KindName, ExportedImage>();
  const sourceOf = (kind: KindName): string => `${stage.stock.host}/${kind}:1`;

  /** What both show of an image, which has to be the same. */
  async function shownByBoth(image: string): Promise<ExportedImage> {
    const [crane, ours] = [
      await exportByCrane(image, join(stage.folder, 'export.tar')),
      await exportByOurs(image),
    ];
    expect(withoutImplied(ours, crane)).toEqual(crane);
    return crane;
  }

  beforeAll(async () => {
    stage = await openImageStage();
    for (const kind of KINDS) {
      await pushKind(stage.stock.url, kind, await makeKind(kind));
      before.set(kind, await shownByBoth(sourceOf(kind)));
    }
  });
  afterAll(() => stage.close());

  const cells = TRIPS.flatMap((trip) => KINDS.map((kind) => ({ name: trip.name, trip, kind })));
  it.each(cells)('$kind is the same after $name', async ({ trip, kind }) => {
    const target = await trip.go(stage, kind, sourceOf(kind));
    expect(await shownByBoth(target)).toEqual(before.get(kind));
    for (const image of VALIDATED.includes(kind) ? [target] : [])
      await must('crane', ['validate', '--remote', image]);
  });

  it.each(KINDS)('%s has the same config and files after a docker archive', async (kind) => {
    const target = await CLASSIC.go(stage, kind, sourceOf(kind));
    const after = await shownByBoth(target);
    expect(after).toEqual({ ...before.get(kind), manifest: after.manifest });
    await must('crane', ['validate', '--remote', target]);
  });
});
