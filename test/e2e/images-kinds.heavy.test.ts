import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openImageStage, type ImageStage, type Place } from '../support/image-stage.ts';
import { KIND_NAMES, makeKind, type ImageKind } from '../support/image-kinds.ts';
import { images } from '../support/images-command.ts';
import { missingIn, missingInLayout, pushKind, tagged } from '../support/place-kinds.ts';
import { describeWith } from '../support/requires.ts';

/** The image alone, without what other tags name: its root, and the first blobs, which are its own. */
function withoutTagged(kind: ImageKind): Partial<ImageKind> {
  return { tags: new Map(), manifests: [kind.root], blobs: kind.blobs.slice(0, 4) };
}

const WHOLE = ['--all', '--referrers', '--plain-http'];

describeWith(['docker-registry'], 'images copy, from place to place', () => {
  let stage: ImageStage;

  beforeAll(async () => {
    stage = await openImageStage();
  });
  afterAll(() => stage.close());

  /** What is not as it was made, as lines. */
  async function wrongAt({ url }: Place, repository: string, kind: ImageKind): Promise<readonly string[]> {
    const tags = [...kind.tags, ['1', kind.root] as const];
    const moved = await Promise.all(
      tags.map(async ([tag, { digest }]) => ((await tagged(url, repository, tag)) === digest ? [] : [tag])),
    );
    return [...(await missingIn(url, repository, kind)), ...moved.flat()];
  }

  it.each(KIND_NAMES)('%s goes all the way and stays byte for byte', async (name) => {
    const { stock, embedded, folder } = stage;
    const kind = await makeKind(name);
    const [layout, archive] = [join(folder, name), join(folder, `${name}.tar`)];
    const copy = (from: string, to: string): Promise<string> => images('copy', from, to, ...WHOLE);
    await pushKind(stock.url, name, kind);
    expect(await wrongAt(stock, name, kind)).toEqual([]);
    await copy(`${stock.host}/${name}:1`, `${embedded.host}/${name}:1`);
    expect(await wrongAt(embedded, name, kind)).toEqual([]);
    await copy(`${embedded.host}/${name}:1`, `oci:${layout}:1`);
    // Cosign's tags have no place in an archive: they name another image.
    const image = { ...kind, ...(kind.tags.size === 0 ? {} : withoutTagged(kind)) };
    expect(await missingInLayout(layout, image)).toEqual([]);
    await copy(`oci:${layout}:1`, `oci-archive:${archive}:1`);
    await copy(`oci-archive:${archive}:1`, `${stock.host}/${name}-back:1`);
    expect(await wrongAt(stock, `${name}-back`, image)).toEqual([]);
    // Mounted, not sent, inside one registry.
    await copy(`${stock.host}/${name}:1`, `${stock.host}/${name}-beside:1`);
    expect(await wrongAt(stock, `${name}-beside`, kind)).toEqual([]);
    await rm(layout, { recursive: true });
    await rm(archive);
  });

  it('a layer of 2 GB goes through an archive from one registry to another', async () => {
    const { stock, embedded, folder } = stage;
    const kind = await makeKind('large');
    const archive = join(folder, 'large.tar');
    await pushKind(stock.url, 'large', kind);
    await images('copy', `${stock.host}/large:1`, `oci-archive:${archive}`, ...WHOLE);
    await images('copy', `oci-archive:${archive}`, `${embedded.host}/large:1`, ...WHOLE);
    expect(await wrongAt(embedded, 'large', kind)).toEqual([]);
    await rm(archive);
  });
});
