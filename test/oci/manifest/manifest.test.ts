import { describe, expect, it } from 'vitest';
import { judgeManifest, referencesOf, type ManifestOutcome } from '../../../src/oci/manifest/manifest.ts';
import { readStoredManifest } from '../../../src/backend/embedded/store/stored-manifest.ts';
import {
  digestOf,
  image,
  index,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from '../../backend/embedded/spec-client.ts';

const CONFIG = digestOf('config');
const LAYER = digestOf('layer');
const of = (text: string): Buffer => Buffer.from(text);
const judge = (text: string, contentType?: string): Promise<ManifestOutcome> =>
  judgeManifest(of(text), contentType);
const imageWith = (more: object): string => image(CONFIG, LAYER, more).bytes;
const layerWith = (more: object): string => imageWith({ layers: [{ digest: LAYER, ...more }] });
const textIn = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('what a manifest says', () => {
  it('names what it needs', async () => {
    const subject = { mediaType: OCI_MANIFEST, digest: digestOf('subject'), size: 1 };
    expect(await judge(imageWith({ subject, annotations: { a: 'b', c: null } }))).toMatchObject({
      ok: true,
      manifest: {
        blobs: [{ text: CONFIG }, { text: LAYER }],
        optional: [],
        children: [],
        subject: { text: subject.digest },
        annotations: new Map([
          ['a', 'b'],
          ['c', ''],
        ]),
      },
    });
  });

  it('names the children of an index, which may be missing', async () => {
    const child = image(CONFIG, LAYER);
    expect(await judge(index([child]).bytes)).toMatchObject({
      ok: true,
      manifest: { blobs: [], children: [{ digest: { text: child.digest }, mediaType: OCI_MANIFEST }] },
    });
  });
});

describe('what Go programs send is taken', () => {
  it.each([
    { name: 'layers that are null (BuildKit, FROM scratch)', text: imageWith({ layers: null }) },
    { name: 'no layers at all', text: imageWith({ layers: undefined }) },
    {
      name: 'manifests that are null (crane index filter)',
      text: `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":null}`,
    },
    { name: 'an index without a list', text: `{"schemaVersion":2,"mediaType":"${OCI_INDEX}"}` },
    { name: 'an image with manifests that are null', text: imageWith({ manifests: null }) },
    { name: 'a layer without a media type', text: layerWith({}) },
    { name: 'a layer with an empty media type', text: layerWith({ mediaType: '' }) },
    { name: 'a config without a media type', text: imageWith({ config: { digest: CONFIG } }) },
    {
      name: 'members in another case',
      text: imageWith({}).replace('"layers"', '"Layers"').replace('"digest"', '"DIGEST"'),
    },
    { name: 'a member with a long s', text: imageWith({}).replace('"layers"', '"layer\u017f"') },
    {
      name: 'members of nobody',
      text: imageWith({ x: [{ y: [4711, -0.5e-3, true, null] }] }).replace('4711', '1e400'),
    },
    { name: 'a subject without a digest', text: imageWith({ subject: {} }) },
    { name: 'a subject by blake3', text: imageWith({ subject: { digest: `blake3:${'0'.repeat(64)}` } }) },
    {
      name: 'a lone surrogate',
      text: imageWith({ annotations: {} }).replace('"annotations":{}', '"annotations":{"a":"\\ud800"}'),
    },
    { name: 'whitespace everywhere', text: imageWith({}).replaceAll(',', ' ,\r\n\t') },
  ])('$name', async ({ text }) => {
    expect(await judge(text)).toMatchObject({ ok: true });
  });

  it('bytes that are not UTF-8, in an annotation', async () => {
    const text = imageWith({ annotations: { a: '@' } });
    const outcome = await judgeManifest(textIn(text.replace('@', '\xff')), undefined);
    expect(outcome).toMatchObject({ ok: true, manifest: { annotations: new Map([['a', '\ufffd']]) } });
  });

  it('an index without media type and list is what the client says that it is', async () => {
    expect(await judge('{"schemaVersion":2}', OCI_INDEX)).toMatchObject({
      ok: true,
      manifest: { mediaType: OCI_INDEX },
    });
    expect((await judge('{"schemaVersion":2}', OCI_MANIFEST)).ok).toBe(false);
  });
});

describe('M-B10k: what is refused, an image that is an index too (CVE-2021-41190) among it', () => {
  const DOUBLED = imageWith({}).replace('{', '{"layers":[],');
  it.each([
    { name: 'a byte order mark', text: `\uFEFF${imageWith({})}` },
    { name: 'null', text: 'null' },
    { name: 'a list', text: '[]' },
    { name: 'something after the manifest', text: `${imageWith({})}{}` },
    { name: 'a leading zero', text: imageWith({}).replace('"schemaVersion": 2', '"schemaVersion": 02') },
    {
      name: 'a version with a fraction',
      text: imageWith({}).replace('"schemaVersion": 2', '"schemaVersion": 2.0'),
    },
    {
      name: 'a version with an exponent',
      text: imageWith({}).replace('"schemaVersion": 2', '"schemaVersion": 2e0'),
    },
    {
      name: 'a size over an int64',
      text: imageWith({}).replace(/"size": \d+/, '"size": 9223372036854775808'),
    },
    { name: 'a line end in a string', text: imageWith({ x: '@' }).replace('@', '\n') },
    { name: 'an escape that JSON does not know', text: imageWith({ x: '@' }).replace('@', '\\x41') },
    { name: 'deep nesting', text: `{"schemaVersion":2,"a":${'['.repeat(100_000)}` },
    { name: 'a media type out of Object.prototype', text: '{"schemaVersion":2,"mediaType":"constructor"}' },
    { name: 'layers that are no list', text: imageWith({ layers: {} }) },
    { name: 'a layer without a digest', text: imageWith({ layers: [{ mediaType: 'x' }] }) },
    { name: 'a layer that is null', text: imageWith({ layers: [null] }) },
    { name: 'a digest with a path in it', text: image('sha256:../../../etc/passwd', LAYER).bytes },
    { name: 'a digest in capitals', text: image(CONFIG.toUpperCase().replace('SHA', 'sha'), LAYER).bytes },
    { name: 'an unknown media type', text: imageWith({ mediaType: 'text/plain' }) },
    { name: 'an annotation that is a number', text: imageWith({ annotations: { a: 1 } }) },
    {
      name: 'an address that is a file',
      text: layerWith({
        mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
        urls: ['file:///etc/passwd'],
      }),
    },
    { name: 'an image that is an index too', text: imageWith({ manifests: [] }) },
    {
      name: 'an index that is an image too',
      text: `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[],"layers":[]}`,
    },
    {
      name: 'an index that is an image too, in another case',
      text: `{"schemaVersion":2,"manifests":[],"Layers":[]}`,
    },
    { name: "an image that is one of Docker's first format too", text: imageWith({ fsLayers: [] }) },
    { name: 'a member that comes twice', text: DOUBLED },
    { name: 'a member that comes twice, in another case', text: DOUBLED.replace('"layers"', '"LAYERS"') },
  ])('$name', async ({ text }) => {
    expect(await judge(text)).toMatchObject({ ok: false });
  });

  it.each([
    { contentType: undefined, ok: true },
    { contentType: OCI_MANIFEST, ok: true },
    { contentType: `${OCI_MANIFEST.toUpperCase()}; charset=utf-8`, ok: true },
    { contentType: 'application/json', ok: true },
    { contentType: OCI_INDEX, ok: false },
  ])('with Content-Type $contentType: $ok', async ({ contentType, ok }) => {
    expect((await judge(imageWith({}), contentType)).ok).toBe(ok);
  });
});

describe('a manifest on the disk, whoever took it', () => {
  const read = async (
    text: string,
  ): Promise<{ type: string; needs: string[]; doubt: string | undefined }> => {
    const { manifest, doubt } = await readStoredManifest(of(text));
    return {
      type: manifest.mediaType,
      needs: referencesOf(manifest).map(({ text: digest }) => digest),
      doubt,
    };
  };
  const SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+json';

  it.each([
    { name: 'null lists', text: imageWith({ layers: null }), type: OCI_MANIFEST, needs: [CONFIG] },
    {
      name: 'no media type, and a config',
      text: `{"schemaVersion":2,"config":{"digest":"${CONFIG}"},"layers":null}`,
      type: OCI_MANIFEST,
      needs: [CONFIG],
    },
    {
      name: 'no media type, and manifests',
      text: `{"schemaVersion":2,"manifests":[{"digest":"${CONFIG}"}]}`,
      type: OCI_INDEX,
      needs: [CONFIG],
    },
    { name: 'nothing but a version', text: '{"schemaVersion":2}', type: OCI_INDEX, needs: [] },
    {
      name: 'an image that is an index too',
      text: `{"schemaVersion":2,"config":{"digest":"${CONFIG}"},"manifests":[{"digest":"${LAYER}"}]}`,
      type: OCI_INDEX,
      needs: [CONFIG, LAYER],
    },
    {
      name: "Docker's first format",
      text: `{"schemaVersion":1,"fsLayers":[{"blobSum":"${LAYER}"}]}`,
      type: SCHEMA_1,
      needs: [LAYER],
    },
    {
      name: "Docker's first format, signed",
      text: `{"schemaVersion":1,"fsLayers":[{"blobSum":"${LAYER}"}],"signatures":[]}`,
      type: SCHEMA_1.replace('+json', '+prettyjws'),
      needs: [LAYER],
    },
    {
      name: '340,000 annotations',
      text: imageWith({
        annotations: Object.fromEntries(Array.from({ length: 340_000 }, (_, at) => [`${at}`, ''])),
      }),
      type: OCI_MANIFEST,
      needs: [CONFIG, LAYER],
    },
  ])('$name', async ({ text, type, needs }) => {
    expect(await read(text)).toEqual({ type, needs, doubt: undefined });
  });

  it.each([
    { name: 'no JSON', text: '{', type: 'application/octet-stream' },
    {
      name: 'a kind that nobody knows',
      text: '{"schemaVersion":2,"mediaType":"application/x"}',
      type: 'application/x',
    },
    { name: 'a page', text: '{"schemaVersion":2,"mediaType":"text/html"}', type: 'application/octet-stream' },
    {
      name: 'a header',
      text: '{"schemaVersion":2,"mediaType":"application/x\\r\\nA: b"}',
      type: 'application/octet-stream',
    },
    { name: 'a member twice', text: '{"schemaVersion":2,"layers":[],"layers":[]}', type: OCI_MANIFEST },
    { name: 'layers of another type', text: imageWith({ layers: 5 }), type: OCI_MANIFEST },
    {
      name: 'a digest by blake3',
      text: layerWith({ digest: `blake3:${'0'.repeat(64)}` }),
      type: OCI_MANIFEST,
    },
  ])('may need more than it is seen to need: $name', async ({ text, type }) => {
    const found = await read(text);
    expect(found.type).toBe(type);
    expect(found.doubt).toBeTypeOf('string');
  });
});

describe('M-B3: a manifest that costs much is refused before it does', () => {
  const many = (length: number, of: (at: number) => string): string =>
    Array.from({ length }, (_, at) => of(at)).join();
  const annotations = (length: number): string =>
    `{"schemaVersion":2,"subject":{"digest":"x"},"annotations":{${many(length, (at) => `"${at}":""`)}}}`;
  const children = (length: number): string =>
    `{"schemaVersion":2,"manifests":[${many(length, () => `{"digest":"${LAYER}"}`)}]}`;

  it.each([
    {
      name: 'values',
      good: `{"schemaVersion":2,"x":[${many(199_000, () => '0')}]}`,
      bad: `{"schemaVersion":2,"x":[${many(200_000, () => '0')}]}`,
    },
    {
      name: 'depth',
      good: `{"schemaVersion":2,"x":${'['.repeat(499)}${']'.repeat(499)}}`,
      bad: `{"schemaVersion":2,"x":${'['.repeat(500)}${']'.repeat(500)}}`,
    },
    { name: 'annotations', good: annotations(10_000), bad: annotations(10_001) },
    {
      name: 'characters of annotations',
      good: `{"schemaVersion":2,"subject":{"digest":"x"},"annotations":{"a":"${'b'.repeat(2 ** 20 - 3)}"}}`,
      bad: `{"schemaVersion":2,"subject":{"digest":"x"},"annotations":{"a":"${'b'.repeat(2 ** 20 - 2)}"}}`,
    },
    { name: 'children', good: children(10_000), bad: children(10_001) },
  ])('by the number of $name', async ({ good, bad }) => {
    expect((await judge(good, OCI_INDEX)).ok).toBe(true);
    expect((await judge(bad, OCI_INDEX)).ok).toBe(false);
  });

  it('keeps the order of others: the loop turns while one is read', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    await judge(`{"schemaVersion":2,"x":[${many(199_000, () => '0')}]}`, OCI_INDEX);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it('takes layers of any media type', async () => {
    expect((await judge(layerWith({ mediaType: OCI_LAYER }))).ok).toBe(true);
  });
});
