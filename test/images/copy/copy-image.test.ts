import { describe, expect, it } from 'vitest';
import { copyImage } from '../../../src/images/copy/copy-image.ts';
import type { Choice, CopyRequest } from '../../../src/images/copy/request/copy-request.ts';
import {
  DOCKER_LAYER,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from '../../../src/images/model/media-types.ts';
import { parseManifest } from '../../../src/images/model/manifest.ts';
import { parsePlatform } from '../../../src/images/model/platform.ts';
import { memoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { addArtifact, addImage, addIndex } from './sample-images.ts';

const host = parsePlatform('linux/amd64');
const A = { registry: 'a.lan', repository: 'team/app' };
const B = { registry: 'b.lan', repository: 'team/app' };

function copy(
  source: MemoryStore,
  target: MemoryStore,
  more: Partial<CopyRequest> = {},
): ReturnType<typeof copyImage> {
  return copyImage({ source, reference: '1', target, names: ['1'], host, ...more });
}

const platforms = (...texts: readonly string[]): Choice => ({
  kind: 'platforms',
  platforms: texts.map(parsePlatform),
});

describe('what stays byte for byte', () => {
  const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  const digest = `sha256:${'0'.repeat(64)}`;
  const kinds: Readonly<Record<string, (store: MemoryStore) => unknown>> = {
    'an image': (store) => addImage(store, { names: ['1'] }),
    'an image of schema 2': (store) => addImage(store, { names: ['1'], format: 'docker' }),
    'an image with zstd': (store) => addImage(store, { names: ['1'], compression: 'zstd' }),
    'an image whose layers are not compressed': (store) =>
      addImage(store, { names: ['1'], compression: 'none' }),
    'an image without layers': (store) => addImage(store, { names: ['1'], layers: [] }),
    'an empty layer': (store) => addImage(store, { names: ['1'], layers: [''], compression: 'none' }),
    'the same layer twice': (store) => addImage(store, { names: ['1'], layers: ['a', 'a', 'b', 'a'] }),
    '128 layers': (store) =>
      addImage(store, { names: ['1'], layers: Array.from({ length: 128 }, (_none, at) => `layer ${at}`) }),
    'an index': (store) => addIndex(store, ['linux/amd64', 'linux/arm64/v8', 'windows/amd64']),
    'an index with attestations': (store) =>
      addIndex(store, ['linux/amd64', 'linux/arm64'], { attested: true }),
    'an index of indexes': (store) => {
      const inner = addIndex(store, ['linux/amd64'], { names: [] });
      store.addManifest({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [inner.json] }, OCI_INDEX, [
        '1',
      ]);
    },
    'an index without entries': (store) =>
      store.addManifest({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }, OCI_INDEX, ['1']),
    'an index that names an image twice': (store) => {
      const image = addImage(store).json;
      store.addManifest({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [image, image] }, OCI_INDEX, [
        '1',
      ]);
    },
    'a helm chart': (store) =>
      addArtifact(store, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', { names: ['1'] }),
    'a foreign layer': (store) => {
      const config = store.addBlob(Buffer.from('{"os":"windows","architecture":"amd64"}'), OCI_CONFIG);
      const layer = { mediaType: FOREIGN, digest, size: 5, urls: ['https://example.com/layer'] };
      store.addManifest(
        { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config: config.json, layers: [layer] },
        DOCKER_MANIFEST,
        ['1'],
      );
    },
    'a manifest with members that nobody knows': (store) => {
      const config = store.addBlob(Buffer.from('{}'), OCI_CONFIG);
      store.addManifest(
        {
          schemaVersion: 2,
          mediaType: OCI_MANIFEST,
          config: config.json,
          layers: [],
          'x.y': [1, { z: null }],
        },
        OCI_MANIFEST,
        ['1'],
      );
    },
  };

  it.each(Object.keys(kinds))('%s', async (kind) => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    kinds[kind]?.(source);
    const report = await copy(source, target);
    expect(report.digest).toBe(source.names.get('1'));
    expect(target.names.get('1')).toBe(report.digest);
    expect([...target.blobs.keys()].toSorted()).toEqual([...source.blobs.keys()].toSorted());
    expect([...target.manifests.keys()].toSorted()).toEqual([...source.manifests.keys()].toSorted());
    expect(report.notes.filter((note) => !note.startsWith('1 foreign layer'))).toEqual([]);
    expect(report.copied).toBe([...source.blobs.values()].reduce((sum, { length }) => sum + length, 0));
    const again = await copy(source, target);
    expect(again).toMatchObject({ alreadyThere: true, copied: 0, digest: report.digest });
  });

  it('sends each blob once, and the name after everything else', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addIndex(source, ['linux/amd64', 'linux/arm64'], { attested: true });
    await copy(source, target);
    const puts = target.acts.filter((act) => act.startsWith('put'));
    expect(new Set(puts).size).toBe(puts.length);
    expect(target.acts.findLastIndex((act) => act.startsWith('put'))).toBeLessThan(
      target.acts.findIndex((act) => act.startsWith('manifest')),
    );
    expect(target.acts.at(-1)).toBe('name 1');
  });

  it('copies a digest without a name', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    const { digest } = addImage(source);
    await copy(source, target, { reference: digest.text, names: [] });
    expect([...target.manifests.keys()]).toEqual([digest.text]);
    expect(target.names.size).toBe(0);
  });
});

describe('where bytes need not go', () => {
  it('mounts within a registry, and sends what it will not mount', async () => {
    const other = memoryStore({ origin: A });
    addImage(other, { names: ['1'] });
    const target = memoryStore({
      origin: { ...A, repository: 'team/new' },
      siblings: new Map([[A.repository, other]]),
    });
    const report = await copy(other, target);
    expect(report).toMatchObject({ copied: 0, skipped: 0 });
    expect(report.blobs.map(({ outcome }) => outcome)).toEqual(['mounted', 'mounted', 'mounted']);
    const stubborn = memoryStore({ origin: { ...A, repository: 'team/stubborn' } });
    expect((await copy(other, stubborn)).mounted).toBe(0);
  });

  it('never mounts from another registry', async () => {
    const source = memoryStore({ origin: A });
    addImage(source, { names: ['1'] });
    const target = memoryStore({ origin: B, siblings: new Map([[A.repository, source]]) });
    expect(await copy(source, target)).toMatchObject({ mounted: 0 });
  });

  it('skips what is there', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addImage(source, { names: ['1'], layers: ['base', 'one'] });
    await copy(source, target);
    addImage(source, { names: ['1'], layers: ['base', 'two'] });
    const report = await copy(source, target);
    expect(report.blobs.map(({ outcome }) => outcome).toSorted()).toEqual(['copied', 'copied', 'there']);
    expect(report.alreadyThere).toBe(false);
  });

  it('brings back a child that is gone though the tag is right', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addIndex(source, ['linux/amd64', 'linux/arm64']);
    await copy(source, target);
    const [child = ''] = [...target.manifests.keys()];
    target.manifests.delete(child);
    expect((await copy(source, target)).alreadyThere).toBe(false);
    expect(target.manifests.has(child)).toBe(true);
  });
});

describe('platforms', () => {
  it.each([
    { asked: ['linux/arm64'], has: ['linux/amd64', 'linux/arm64/v8'], attested: false, entries: 0 },
    { asked: ['linux/arm64'], has: ['linux/amd64', 'linux/arm64/v8'], attested: true, entries: 2 },
    {
      asked: ['linux/arm64', 'linux/amd64'],
      has: ['linux/amd64', 'linux/arm64', 'linux/s390x'],
      attested: false,
      entries: 2,
    },
    {
      asked: ['linux/arm64', 'linux/amd64'],
      has: ['linux/amd64', 'linux/arm64', 'linux/s390x'],
      attested: true,
      entries: 4,
    },
    { asked: ['linux/arm/v7'], has: ['linux/arm/v6', 'linux/arm/v7'], attested: false, entries: 0 },
    {
      asked: ['linux/arm'],
      has: ['linux/arm/v6', 'linux/arm/v7', 'linux/amd64'],
      attested: false,
      entries: 2,
    },
  ])('takes $asked of $has, attested: $attested', async ({ asked, has, attested, entries }) => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    const whole = addIndex(source, has, { attested });
    const report = await copy(source, target, { choice: platforms(...asked) });
    const there = target.manifests.get(report.digest);
    const manifest = there && parseManifest(there);
    expect(manifest?.kind === 'index' ? manifest.manifests.length : 0).toBe(entries);
    expect(report.digest).not.toBe(whole.digest.text);
    expect(report.notes.join().includes('written anew')).toBe(entries > 0);
  });

  it.each([
    { name: 'an index', add: (store: MemoryStore) => addIndex(store, ['linux/amd64', 'linux/arm64']) },
    { name: 'an image', add: (store: MemoryStore) => addImage(store, { names: ['1'] }) },
    { name: 'an artifact', add: (store: MemoryStore) => addArtifact(store, 'x/y', { names: ['1'] }) },
  ])('refuses one that $name does not have', async ({ add }) => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    add(source);
    await expect(copy(source, target, { choice: platforms('linux/s390x') })).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
    });
    expect(target.acts).toEqual([]);
  });

  it('reads the platform in the config where the index does not say it', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    const [amd, arm] = [addImage(source), addImage(source, { platform: 'linux/arm64' })];
    const manifests = [amd.json, arm.json];
    source.addManifest({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX, ['1']);
    expect((await copy(source, target, { choice: platforms('linux/arm64') })).digest).toBe(arm.digest.text);
  });

  it('takes the platform of the host for a target of one platform, and the only one if there is one', async () => {
    const source = memoryStore({ origin: A });
    addIndex(source, ['linux/arm64', 'linux/amd64'], { attested: true });
    const target = memoryStore({ isOnePlatform: true });
    const { digest } = await copy(source, target);
    expect(target.manifests.size).toBe(1);
    const config = [...target.blobs.values()].find((bytes) => bytes.includes('architecture'));
    expect(config?.toString()).toContain('amd64');
    expect(target.names.get('1')).toBe(digest);
    addIndex(source, ['linux/s390x'], { names: ['2'] });
    await copy(source, memoryStore({ isOnePlatform: true }), { reference: '2' });
    const all = copy(source, memoryStore({ isOnePlatform: true }), { choice: { kind: 'all' } });
    await expect(all).rejects.toMatchObject({ code: 'USAGE' });
    addIndex(source, ['linux/s390x', 'linux/arm64'], { names: ['3'] });
    const none = copy(source, memoryStore({ isOnePlatform: true }), { reference: '3' });
    await expect(none).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN' });
  });

  it('leaves out what an archive lists without holding it', async () => {
    const [source, target] = [memoryStore(), memoryStore({ origin: B })];
    addIndex(source, ['linux/amd64', 'linux/arm64', 'linux/s390x'], { attested: true });
    const lost = [...source.blobs].filter(([, bytes]) => bytes.includes('"arm64"')).map(([digest]) => digest);
    for (const digest of lost) source.blobs.delete(digest);
    const report = await copy(source, target);
    expect(report.notes).toEqual([
      expect.stringMatching(/linux\/arm64/),
      expect.stringMatching(/written anew/),
    ]);
    const there = target.manifests.get(report.digest);
    const manifest = there && parseManifest(there);
    expect(manifest?.kind === 'index' && manifest.manifests.length).toBe(4);
  });

  it('refuses an index of a registry that lacks an image', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addIndex(source, ['linux/amd64', 'linux/arm64']);
    const [first = ''] = source.manifests.keys();
    source.manifests.delete(first);
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    expect(target.acts).toEqual([]);
  });
});

describe('conversions', () => {
  it('compresses the layers of a docker-archive for a registry, and sends nothing the second time', async () => {
    const [source, target] = [memoryStore(), memoryStore({ origin: B })];
    const { digest } = addImage(source, { names: ['1'], format: 'docker', compression: 'none' });
    const report = await copy(source, target);
    expect(report.digest).not.toBe(digest.text);
    expect(report.notes).toEqual([expect.stringMatching(/digest is another/)]);
    expect(typesIn(target, report.digest)).toEqual([`${DOCKER_LAYER}.gzip`, `${DOCKER_LAYER}.gzip`]);
    expect(await copy(source, target)).toMatchObject({ alreadyThere: true, digest: report.digest });
    const kept = await copy(source, memoryStore({ origin: B }), { preserve: true });
    expect(kept.digest).toBe(digest.text);
  });

  const cases: readonly {
    readonly from: Parameters<typeof addImage>[1];
    readonly ask: Partial<CopyRequest>;
    readonly types: readonly string[];
  }[] = [
    { from: {}, ask: { compress: 'zstd' }, types: [`${OCI_LAYER}+zstd`, `${OCI_LAYER}+zstd`] },
    {
      from: { format: 'docker' },
      ask: { compress: 'zstd' },
      types: [`${OCI_LAYER}+zstd`, `${OCI_LAYER}+zstd`],
    },
    {
      from: { compression: 'zstd' },
      ask: { compress: 'gzip' },
      types: [`${OCI_LAYER}+gzip`, `${OCI_LAYER}+gzip`],
    },
    {
      from: { compression: 'zstd' },
      ask: { format: 'docker' },
      types: [`${DOCKER_LAYER}.gzip`, `${DOCKER_LAYER}.gzip`],
    },
    { from: {}, ask: { format: 'docker' }, types: [`${DOCKER_LAYER}.gzip`, `${DOCKER_LAYER}.gzip`] },
    { from: { format: 'docker' }, ask: { format: 'oci' }, types: [`${OCI_LAYER}+gzip`, `${OCI_LAYER}+gzip`] },
    {
      from: { compression: 'none' },
      ask: { compress: 'gzip' },
      types: [`${OCI_LAYER}+gzip`, `${OCI_LAYER}+gzip`],
    },
  ];
  it.each(cases)('$from with $ask', async ({ from, ask, types }) => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addImage(source, { names: ['1'], ...from });
    const report = await copy(source, target, ask);
    expect(typesIn(target, report.digest)).toEqual(types);
    const [before, after] = [source, target].map((store) => configOf(store, store.names.get('1') ?? ''));
    expect(after).toBe(before);
  });

  it.each([
    { from: 'gzip', compress: 'zstd' },
    { from: 'zstd', compress: 'gzip' },
    { from: 'none', compress: 'zstd' },
  ] as const)(
    'leaves $from layers alone for a docker-archive, which expands them: $compress',
    async ({ from, compress }) => {
      const [source, target] = [memoryStore({ origin: A }), memoryStore({ isOnePlatform: true })];
      const { digest } = addImage(source, { names: ['1'], compression: from });
      const report = await copy(source, target, { compress });
      expect(report.digest).toBe(digest.text);
      expect(report.blobs.map(({ outcome }) => outcome)).not.toContain('converted');
    },
  );

  it('says nothing anew where nothing is to be changed', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    const { digest } = addImage(source, { names: ['1'] });
    const report = await copy(source, target, { compress: 'gzip', format: 'oci' });
    expect(report).toMatchObject({ digest: digest.text, notes: [] });
  });

  it('writes an index anew, and makes attestations name what they attest now', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addIndex(source, ['linux/amd64', 'linux/arm64'], { attested: true });
    const { digest } = await copy(source, target, { compress: 'zstd' });
    const there = target.manifests.get(digest);
    const index = there && parseManifest(there);
    const entries = index?.kind === 'index' ? index.manifests : [];
    const [image, attestation] = entries;
    expect(attestation?.annotations['vnd.docker.reference.digest']).toBe(image?.digest.text);
  });
});

function typesIn(store: MemoryStore, digest: string): readonly string[] {
  const there = store.manifests.get(digest);
  const manifest = there && parseManifest(there);
  return manifest?.kind === 'image' ? manifest.layers.map(({ mediaType }) => mediaType) : [];
}

function configOf(store: MemoryStore, digest: string): string | undefined {
  const there = store.manifests.get(digest);
  const manifest = there && parseManifest(there);
  return manifest?.kind === 'image' ? manifest.config.digest.text : undefined;
}

describe('referrers', () => {
  it('come along when asked for, with what refers to them, and what cosign tags', async () => {
    const source = memoryStore({ origin: A });
    const image = addImage(source, { names: ['1'] });
    const sbom = addArtifact(source, 'text/sbom', { subject: image });
    const signature = addArtifact(source, 'text/signature', { subject: sbom });
    const cosign = addArtifact(source, 'text/cosign', { names: [`sha256-${image.digest.hex}.sig`] });
    const plain = memoryStore({ origin: B });
    await copy(source, plain);
    expect([...plain.manifests.keys()]).toEqual([image.digest.text]);
    const target = memoryStore({ origin: B });
    const report = await copy(source, target, { referrers: true });
    expect(report.referrers).toBe(3);
    for (const { digest } of [sbom, signature, cosign]) expect(target.manifests.has(digest.text)).toBe(true);
    expect(target.acts.at(-1)).toBe('name 1');
    expect(await copy(source, target, { referrers: true })).toMatchObject({ alreadyThere: true });
  });

  it('are those of each image of an index', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addIndex(source, ['linux/amd64', 'linux/arm64']);
    const [child] = source.manifests.values();
    if (child === undefined) throw new Error('no child');
    const { mediaType, digest, bytes } = child;
    const subject = source.addManifest(JSON.parse(bytes.toString()), mediaType);
    expect(subject.digest.text).toBe(digest.text);
    const signature = addArtifact(source, 'text/signature', { subject });
    await copy(source, target, { referrers: true });
    expect(target.manifests.has(signature.digest.text)).toBe(true);
  });
});

describe('breaks', () => {
  it('leaves no name, and goes on where it was', async () => {
    const source = memoryStore({ origin: A });
    addIndex(source, ['linux/amd64', 'linux/arm64'], { attested: true });
    const smooth = memoryStore({ origin: B });
    await copy(source, smooth);
    for (let at = 0; at < smooth.acts.length; at += 1) {
      const target = memoryStore({ origin: B });
      const broken = new Error('the cable was cut');
      target.onAct = () => {
        if (target.acts.length >= at) throw broken;
      };
      await expect(copy(source, target)).rejects.toBe(broken);
      const before = target.acts.filter((act) => act.startsWith('put'));
      expect(target.names.size).toBe(0);
      target.onAct = () => undefined;
      await copy(source, target);
      expect(target.names.get('1')).toBe(source.names.get('1'));
      const puts = target.acts.filter((act) => act.startsWith('put'));
      expect(puts.length).toBe(new Set(puts).size);
      expect(puts.slice(0, before.length)).toEqual(before);
    }
  });

  it('refuses wrong bytes, and keeps none of them', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addImage(source, { names: ['1'], layers: ['good'] });
    const [layer] = [...source.blobs.keys()].slice(-1);
    source.blobs.set(layer ?? '', Buffer.from('evil'));
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(target.names.size).toBe(0);
    expect(target.blobs.has(layer ?? '')).toBe(false);
  });

  it('says which layer is missing', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addImage(source, { names: ['1'] });
    const [layer] = [...source.blobs.keys()].slice(-1);
    source.blobs.delete(layer ?? '');
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    expect(target.manifests.size).toBe(0);
  });

  it('puts no empty index where an archive holds nothing of it', async () => {
    const [source, target] = [memoryStore(), memoryStore({ origin: B })];
    const index = addIndex(source, ['linux/amd64', 'linux/arm64']);
    for (const digest of source.manifests.keys())
      if (digest !== index.digest.text) source.manifests.delete(digest);
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    expect(target.names.size).toBe(0);
  });

  it('ends with the reason of the signal', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    addImage(source, { names: ['1'] });
    const stop = new AbortController();
    const reason = new Error('Ctrl-C');
    target.onAct = () => stop.abort(reason);
    await expect(copy(source, target, { signal: stop.signal })).rejects.toBe(reason);
    expect(target.names.size).toBe(0);
  });
});

describe('hostile images', () => {
  it.each([
    {
      name: 'schema 1',
      json: { schemaVersion: 1, name: 'a' },
      mediaType: 'application/vnd.docker.distribution.manifest.v1+json',
    },
    { name: 'no object', json: { schemaVersion: 2, layers: 5, config: {} }, mediaType: OCI_MANIFEST },
    {
      name: 'a layer of negative size',
      json: { schemaVersion: 2, config: {}, layers: [{ size: -1 }] },
      mediaType: OCI_MANIFEST,
    },
  ])('refuses $name', async ({ json, mediaType }) => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    source.addManifest(json, mediaType, ['1']);
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    expect(target.acts).toEqual([]);
  });

  it('refuses indexes that lie in each other too deep', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    let inner = addImage(source);
    for (let depth = 0; depth < 6; depth += 1)
      inner = source.addManifest(
        { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [inner.json] },
        OCI_INDEX,
        ['1'],
      );
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });

  it('refuses more manifests than any image has', async () => {
    const [source, target] = [memoryStore({ origin: A }), memoryStore({ origin: B })];
    const config = source.addBlob(Buffer.from('{}'), OCI_CONFIG);
    const manifests = Array.from({ length: 4200 }, (_none, n) => {
      const json = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: config.json, layers: [], n };
      return source.addManifest(json, OCI_MANIFEST).json;
    });
    source.addManifest({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX, ['1']);
    await expect(copy(source, target)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });
});
