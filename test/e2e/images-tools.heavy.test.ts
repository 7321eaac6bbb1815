import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImageStage, type ImageStage } from '../support/image-stage.ts';
import { makeKind, type ImageKind, type KindName } from '../support/image-kinds.ts';
import { READERS, WRITERS, type Keeps } from '../support/image-tools.ts';
import { images } from '../support/images-command.ts';
import { pushKind, tagged } from '../support/place-kinds.ts';
import { must } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { readStored, storedIn, type StoredImage } from '../support/stored-image.ts';

/** Images of one platform, which archives of all forms can hold. */
const KINDS: readonly KindName[] = ['oci', 'schema2', 'empty-layer'];
const PROGRAMS = ['docker-registry', 'crane', 'skopeo', 'podman', 'oras', 'umoci'];

/** What is expected of an image that was `before`: what may change is what it is `after`. */
function keptBy(
  { layers, schema2 }: Keeps,
  name: KindName,
  before: StoredImage,
  after: StoredImage,
): StoredImage {
  return {
    diffIds: before.diffIds,
    layers: layers ? before.layers : after.layers,
    config: schema2 || name !== 'schema2' ? before.config : after.config,
  };
}

describeWith(PROGRAMS, 'images, beside other tools', () => {
  let stage: ImageStage;
  const kinds = new Map<KindName, ImageKind>();

  beforeAll(async () => {
    stage = await openImageStage();
    for (const name of [...KINDS, 'helm', 'referrers'] as const) {
      const kind = await makeKind(name);
      kinds.set(name, kind);
      await pushKind(stage.stock.url, name, kind);
    }
  });
  afterAll(() => stage.close());

  const made = (name: KindName): ImageKind => kinds.get(name) ?? expect.fail(name);
  const slug = (text: string): string => text.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');

  describe.each(WRITERS)('load what $name has written', (tool) => {
    it.each(KINDS)('%s', async (name) => {
      const repository = `${slug(tool.name)}-${name}`;
      const from = await tool.write(`${stage.stock.host}/${name}:1`, join(stage.folder, repository));
      await images('copy', from, `${stage.embedded.host}/${repository}:1`, '--plain-http');
      const [before, after] = [
        await storedIn(made(name)),
        await readStored(stage.embedded.url, repository, '1'),
      ];
      expect(after).toEqual(keptBy(tool.keeps, name, before, after));
    });
  });

  describe.each(READERS)('save what $name reads', (tool) => {
    it.each(KINDS)('%s', async (name) => {
      const repository = `${slug(tool.name)}-${name}`;
      const file = join(stage.folder, `${repository}-ours.tar`);
      const image = `${stage.stock.host}/${name}:1`;
      await images('save', image, '--output', file, '--plain-http');
      await tool.read(file, `${stage.embedded.host}/read/${repository}:1`, image);
      const [before, after] = [
        await storedIn(made(name)),
        await readStored(stage.embedded.url, `read/${repository}`, '1'),
      ];
      expect(after).toEqual(keptBy(tool.keeps, name, before, after));
    });
  });

  it('umoci unpacks a layout of ours, and we copy one of umoci', async () => {
    const layout = join(stage.folder, 'umoci');
    await images('copy', `${stage.stock.host}/oci:1`, `oci:${layout}:1`, '--plain-http');
    expect(await must('umoci', ['ls', '--layout', layout])).toBe('1');
    await must('umoci', ['unpack', '--rootless', '--image', `${layout}:1`, join(stage.folder, 'bundle')]);
    expect(await must('cat', [join(stage.folder, 'bundle/rootfs/etc/motd')])).toBe('Welcome back');
    await must('umoci', ['config', '--image', `${layout}:1`, '--tag', '2', '--author', 'umoci']);
    await images('copy', `oci:${layout}:2`, `${stage.embedded.host}/umoci:2`, '--plain-http');
    const { layers } = await readStored(stage.embedded.url, 'umoci', '2');
    expect(layers).toEqual((await storedIn(made('oci'))).layers);
    await must('crane', ['validate', '--remote', `${stage.embedded.host}/umoci:2`]);
  });

  it('crane calls valid what was copied', async () => {
    for (const name of KINDS) {
      const target = `${stage.embedded.host}/valid/${name}:1`;
      await images('copy', `${stage.stock.host}/${name}:1`, target, '--plain-http');
      expect(await must('crane', ['digest', target])).toBe(made(name).root.digest);
      await must('crane', ['validate', '--remote', target]);
    }
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
