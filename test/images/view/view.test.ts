import { describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../src/images/model/config.ts';
import { makeDescriptor, type Descriptor } from '../../../src/images/model/descriptor.ts';
import { parseManifest, storeManifest, type ImageManifest } from '../../../src/images/model/manifest.ts';
import { compareImages } from '../../../src/images/view/diff-images.ts';
import { dockerConfig, dockerMoment } from '../../../src/images/view/docker-config.ts';
import { readHistory } from '../../../src/images/view/history.ts';
import { isReferrerTag } from '../../../src/images/tags/referrer-tags.ts';
import { kindOf } from '../../../src/images/view/referrers.ts';
import { pullSize } from '../../../src/images/view/sizes.ts';
import { digestOf } from '../../../src/oci/digest.ts';

const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const TAR = 'application/vnd.docker.image.rootfs.diff.tar';

function blob(text: string, mediaType = GZIP, urls: readonly string[] = []): Descriptor {
  const content = { mediaType, digest: digestOf('sha256', Buffer.from(text)), size: text.length };
  return makeDescriptor(content, urls.length === 0 ? {} : { urls });
}

function config(value: object): ReturnType<typeof parseConfig> {
  return parseConfig(Buffer.from(JSON.stringify(value)));
}

function manifest(layers: readonly Descriptor[], of = 'config'): ImageManifest {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const value = {
    schemaVersion: 2,
    mediaType,
    config: blob(of, 'application/vnd.oci.image.config.v1+json').json,
    layers: layers.map(({ json }) => json),
  };
  const parsed = parseManifest(storeManifest(Buffer.from(JSON.stringify(value)), mediaType));
  if (parsed.kind !== 'image') throw new Error('an index');
  return parsed;
}

describe('moments are those of Go', () => {
  it.each([
    ['2024-02-29T12:30:00.123456789Z', '2024-02-29T12:30:00.123456789Z'],
    ['2024-02-29T12:30:00.120000000Z', '2024-02-29T12:30:00.12Z'],
    ['2024-02-29T12:30:00.000Z', '2024-02-29T12:30:00Z'],
    ['2024-02-29T12:30:00Z', '2024-02-29T12:30:00Z'],
    ['2024-02-29T12:30:00+00:00', '2024-02-29T12:30:00Z'],
    ['2024-02-29T12:30:00.10+02:00', '2024-02-29T12:30:00.1+02:00'],
    ['', '0001-01-01T00:00:00Z'],
    ['yesterday', '0001-01-01T00:00:00Z'],
  ])('%s', (text, shown) => {
    expect(dockerMoment(text)).toBe(shown);
  });

  it('to the nanosecond, however many digits follow', () => {
    const digits = '0'.repeat(1_000_000);
    expect(dockerMoment(`2024-01-02T03:04:05.${digits}1Z`)).toBe('2024-01-02T03:04:05Z');
    expect(dockerMoment(`2024-01-02T03:04:05.1${digits}1Z`)).toBe('2024-01-02T03:04:05.1Z');
  });
});

describe('the configuration of docker', () => {
  it('has its members in its order, with its defaults', () => {
    const shown = dockerConfig({
      Labels: { b: '2', a: '1' },
      Cmd: ['sh'],
      Unknown: 1,
      StopSignal: '',
      Shell: [],
    });
    expect(JSON.stringify(shown)).toBe(
      '{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,' +
        '"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":["sh"],"Image":"","Volumes":null,' +
        '"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{"a":"1","b":"2"}}',
    );
  });

  it('shows what is set', () => {
    expect(
      dockerConfig({ ExposedPorts: { '80/tcp': {} }, StopTimeout: 10, ArgsEscaped: true }),
    ).toMatchObject({
      ExposedPorts: { '80/tcp': {} },
      StopTimeout: 10,
      ArgsEscaped: true,
    });
  });
});

describe('the configuration of docker with other cases', () => {
  it.each<readonly [string, object, object]>([
    [
      'has the later of two spellings',
      { Entrypoint: ['/safe'], entrypoint: ['/evil'], user: 'root' },
      { Entrypoint: ['/evil'], User: 'root' },
    ],
    ['has a healthcheck', { healthcheck: { test: ['NONE'] } }, { Healthcheck: { Test: ['NONE'] } }],
  ])('%s', (_name, stored, shown) => {
    expect(dockerConfig({ ...stored })).toMatchObject(shown);
  });
});

describe('what a referrer is', () => {
  it.each([
    ['application/vnd.cncf.notary.signature', {}, 'signature'],
    ['application/vnd.dev.cosign.artifact.sig.v1+json', {}, 'signature'],
    ['application/vnd.dev.cosign.simplesigning.v1+json', {}, 'signature'],
    ['application/vnd.dev.sigstore.bundle.v0.3+json', {}, 'signature'],
    [
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      { 'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1' },
      'signature',
    ],
    [
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      { 'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1' },
      'attestation',
    ],
    ['application/vnd.in-toto+json', { 'in-toto.io/predicate-type': 'https://spdx.dev/Document' }, 'sbom'],
    ['application/vnd.in-toto+json', {}, 'attestation'],
    ['application/spdx+json', {}, 'sbom'],
    ['application/vnd.cyclonedx+json', {}, 'sbom'],
    ['application/sarif+json', {}, 'scan report'],
    ['application/vnd.openvex+json', {}, 'scan report'],
    ['application/vnd.example.readme', {}, 'other'],
    ['', {}, 'other'],
  ])('%s %j', (type, annotations, kind) => {
    expect(kindOf(type, annotations)).toBe(kind);
  });

  it.each([
    [`sha256-${'a'.repeat(64)}`, true],
    [`sha256-${'a'.repeat(64)}.sig`, true],
    [`sha256-${'a'.repeat(64)}.att`, true],
    ['sha256-abc.sig', false],
    ['1.0', false],
  ])('%s is a tag of referrers: %s', (tag, is) => {
    expect(isReferrerTag(tag)).toBe(is);
  });
});

describe('a history', () => {
  const steps = (...empty: readonly boolean[]): ReturnType<typeof config> =>
    config({
      history: empty.map((empty_layer, at) => ({ created_by: `step ${at}`, empty_layer })),
      rootfs: { diff_ids: ['sha256:a', 'sha256:b'] },
    });

  it.each([
    ['as many steps as layers', steps(false, true, false), ['1', 0, '22']],
    ['more layers than steps', steps(false), ['1', '22']],
    ['more steps than layers', steps(false, false, false), ['1', '22', undefined]],
    ['no history', config({}), ['1', '22']],
    ['only empty steps', steps(true, true), [0, 0, '1', '22']],
  ])('with %s', (_name, config, sizes) => {
    const read = readHistory(config, [blob('1'), blob('22', TAR)]);
    expect(read.map(({ size }) => size)).toEqual(
      sizes.map((size) => (typeof size === 'string' ? size.length : size)),
    );
  });

  it('says which sizes are compressed', () => {
    const read = readHistory(steps(false, true, false), [blob('1'), blob('22', TAR)]);
    expect(read.map(({ isCompressed, diffId }) => [isCompressed, diffId])).toEqual([
      [true, 'sha256:a'],
      [false, undefined],
      [false, 'sha256:b'],
    ]);
  });
});

describe('the size of a pull', () => {
  it('counts a layer once, and none that is elsewhere', () => {
    const foreign = blob('windows', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', [
      'https://x',
    ]);
    const one = manifest([blob('aaaa'), blob('bb'), blob('aaaa'), foreign]);
    expect(pullSize(one)).toBe('config'.length + 4 + 2);
    expect(pullSize(one, new Set([blob('aaaa').digest.text]))).toBe('config'.length + 2);
  });
});

describe('a comparison', () => {
  const of = (
    run: object,
    layers: readonly string[],
    name = 'config',
  ): Parameters<typeof compareImages>[0] => ({
    manifest: manifest(
      layers.map((layer) => blob(layer)),
      name,
    ),
    config: config({ os: 'linux', architecture: 'amd64', config: run, rootfs: { diff_ids: layers } }),
  });

  it('finds nothing between an image and itself', () => {
    const image = of({ Env: ['A=1'] }, ['x']);
    expect(compareImages(image, image)).toMatchObject({
      isSame: true,
      changes: [],
      fetchBytes: 0,
      sharedBytes: 1,
    });
  });

  it.each([
    ['a variable', { Env: ['A=1', 'B=2'] }, { Env: ['A=2', 'B=2'] }, ['Env A: 1 -> 2']],
    ['a variable with =', { Env: ['A=x=1'] }, { Env: ['A=x=2'] }, ['Env A: x=1 -> x=2']],
    ['a label', { Labels: { a: '1' } }, {}, ['Labels a: 1 -> undefined']],
    ['a port', {}, { ExposedPorts: { '80/tcp': {} } }, ['ExposedPorts 80/tcp: undefined -> ']],
    [
      'a volume',
      { Volumes: { '/a': {} } },
      { Volumes: { '/b': {} } },
      ['Volumes /a:  -> undefined', 'Volumes /b: undefined -> '],
    ],
    ['a command', { Cmd: ['a', 'b'] }, { Cmd: ['a b'] }, ['Cmd undefined: ["a","b"] -> ["a b"]']],
    [
      'user and folder',
      { User: '0' },
      { User: '1', WorkingDir: '/x' },
      ['User undefined: 0 -> 1', 'WorkingDir undefined: undefined -> /x'],
    ],
  ])('finds %s', (_name, before, after, lines) => {
    const { changes, isSame } = compareImages(of(before, ['x'], 'a'), of(after, ['x'], 'b'));
    expect(changes.map(({ what, name, before, after }) => `${what} ${name}: ${before} -> ${after}`)).toEqual(
      lines,
    );
    expect(isSame).toBe(false);
  });

  it('counts what a host fetches', () => {
    const diff = compareImages(of({}, ['base', 'old'], 'a'), of({}, ['base', 'newer', 'base'], 'conf'));
    expect(diff.layers.map(({ state, size }) => [state, size])).toEqual([
      ['same', 4],
      ['removed', 3],
      ['added', 5],
    ]);
    expect(diff).toMatchObject({ sharedBytes: 4, fetchBytes: 5 + 4, totalBytes: 4 + 5 + 4 });
  });

  it('gathers no layers anew for each layer', () => {
    let sets = 0;
    class CountedSet<T> extends Set<T> {
      constructor(items?: Iterable<T>) {
        super(items);
        sets += 1;
      }
    }
    const setsFor = (count: number): number => {
      const names = (kind: string): string[] => Array.from({ length: count }, (_, at) => `${kind}${at}`);
      const [before, after] = [of({}, names('a'), 'a'), of({}, names('b'), 'b')];
      sets = 0;
      const { layers } = compareImages(before, { ...after, config: before.config });
      expect(layers.map(({ isRecompressed }) => isRecompressed)).toEqual(Array(2 * count).fill(true));
      return sets;
    };
    vi.stubGlobal('Set', CountedSet);
    try {
      expect(setsFor(50)).toBe(setsFor(2));
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('sees another order of the same layers', () => {
    expect(compareImages(of({}, ['a', 'b']), of({}, ['b', 'a'])).isSame).toBe(false);
  });
});
