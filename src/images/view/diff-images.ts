import type { ImageConfig, RunConfig } from '../model/config.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { renderPlatform } from '../model/platform.ts';
import { pullSize, totalSize } from './sizes.ts';

/** One thing that differs between two images. */
export interface Change {
  /** `Env`, `Labels`, `Cmd`. */
  readonly what: string;
  /** The variable or label, or the port or volume. Undefined where there is only one. */
  readonly name: string | undefined;
  /** Undefined if the first image does not have it. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface LayerInBoth {
  /** `same`: in both. `removed`: in the first alone. `added`: in the second alone. */
  readonly state: 'same' | 'removed' | 'added';
  readonly digest: string;
  /** Of the uncompressed layer. Undefined if no config tells it. */
  readonly diffId: string | undefined;
  /** As it is stored, in bytes. */
  readonly size: number;
  /** Whether both have the same files, compressed in different ways: a host fetches it again. */
  readonly isRecompressed: boolean;
}

export interface ImageDiff {
  readonly isSame: boolean;
  readonly changes: readonly Change[];
  /** Layers of the first image, each once, and then those of the second alone. */
  readonly layers: readonly LayerInBoth[];
  /** Bytes of the layers in both. */
  readonly sharedBytes: number;
  /** Bytes that a host with the first image fetches for the second: layers and config. */
  readonly fetchBytes: number;
  /** Bytes of the whole second image. */
  readonly totalBytes: number;
}

/** An image of one platform, as `compareImages` takes it. */
interface ComparedImage {
  readonly manifest: ImageManifest;
  readonly config: ImageConfig | undefined;
}

/** Compares two images. They are the same if their configs and layers are, and nothing that is compared differs. */
export function compareImages(a: ComparedImage, b: ComparedImage): ImageDiff {
  const changes = compareConfigs(a, b);
  const layers = compareLayers(a, b);
  const held = new Set([a.manifest.config, ...a.manifest.layers].map(({ digest }) => digest.text));
  const shared = layers.filter(({ state }) => state === 'same');
  const isSame = a.manifest.config.digest.text === b.manifest.config.digest.text;
  return {
    isSame: isSame && changes.length === 0 && layers.length === shared.length && isSameOrder(a, b),
    changes,
    layers,
    sharedBytes: totalSize(shared),
    fetchBytes: pullSize(b.manifest, held),
    totalBytes: pullSize(b.manifest),
  };
}

function isSameOrder(a: ComparedImage, b: ComparedImage): boolean {
  const [left, right] = [a.manifest.layers, b.manifest.layers];
  return (
    left.length === right.length && left.every(({ digest }, at) => digest.text === right[at]?.digest.text)
  );
}

function compareLayers(a: ComparedImage, b: ComparedImage): readonly LayerInBoth[] {
  const [left, right] = [byDigest(a.manifest.layers), byDigest(b.manifest.layers)];
  const [leftIds, rightIds] = [diffIdsOf(a), diffIdsOf(b)];
  const [inLeft, inRight] = [new Set(leftIds.values()), new Set(rightIds.values())];
  const row = (layer: Descriptor, state: LayerInBoth['state']): LayerInBoth => {
    const digest = layer.digest.text;
    const diffId = (state === 'added' ? rightIds : leftIds).get(digest);
    const others = state === 'added' ? inLeft : inRight;
    const isRecompressed = state !== 'same' && diffId !== undefined && others.has(diffId);
    return { state, digest, diffId, size: layer.size, isRecompressed };
  };
  const first = [...left].map(([digest, layer]) => row(layer, right.has(digest) ? 'same' : 'removed'));
  const added = [...right].filter(([digest]) => !left.has(digest)).map(([, layer]) => row(layer, 'added'));
  return [...first, ...added];
}

function byDigest(layers: readonly Descriptor[]): ReadonlyMap<string, Descriptor> {
  return new Map(layers.map((layer) => [layer.digest.text, layer]));
}

function diffIdsOf({ manifest, config }: ComparedImage): ReadonlyMap<string, string> {
  const pairs = manifest.layers.flatMap(({ digest }, at) => {
    const diffId = config?.diffIds[at];
    return diffId === undefined ? [] : [[digest.text, diffId] as const];
  });
  return new Map(pairs);
}

function compareConfigs(a: ComparedImage, b: ComparedImage): readonly Change[] {
  const [left, right] = [factsOf(a), factsOf(b)];
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  return keys.flatMap((key) => {
    const [before, after] = [left.get(key), right.get(key)];
    if (before?.value === after?.value) return [];
    const { what = '', name } = before ?? after ?? {};
    return [{ what, name, before: before?.value, after: after?.value }];
  });
}

interface Fact {
  readonly what: string;
  readonly name: string | undefined;
  readonly value: string;
}

/** All that is compared, by what it is and its name. */
function factsOf({ manifest, config }: ComparedImage): ReadonlyMap<string, Fact> {
  const facts: Fact[] = [];
  const add = (what: string, value: string, name?: string): void => {
    if (value !== '' || name !== undefined) facts.push({ what, name, value });
  };
  add('MediaType', manifest.mediaType);
  add('ArtifactType', manifest.artifactType ?? '');
  if (config !== undefined) {
    add('Platform', renderPlatform(config.platform));
    add('Created', config.created);
    add('Author', config.author);
    if (config.run !== undefined) addRun(config.run, add);
  }
  for (const [name, value] of Object.entries(manifest.annotations)) add('Annotations', value, name);
  return new Map(facts.map((fact) => [`${fact.what} ${fact.name ?? ''}`, fact]));
}

function addRun(run: RunConfig, add: (what: string, value: string, name?: string) => void): void {
  const list = (words: readonly string[]): string => (words.length === 0 ? '' : JSON.stringify(words));
  add('User', run.user);
  add('WorkingDir', run.workingDir);
  add('Entrypoint', list(run.entrypoint));
  add('Cmd', list(run.cmd));
  add('StopSignal', run.stopSignal);
  add('Shell', list(run.shell));
  add('OnBuild', list(run.onBuild));
  add('Healthcheck', run.healthcheck === undefined ? '' : JSON.stringify(run.healthcheck));
  for (const text of run.env) {
    const equals = text.indexOf('=');
    if (equals > 0) add('Env', text.slice(equals + 1), text.slice(0, equals));
  }
  for (const port of run.ports) add('ExposedPorts', '', port);
  for (const volume of run.volumes) add('Volumes', '', volume);
  for (const [name, value] of Object.entries(run.labels)) add('Labels', value, name);
}
