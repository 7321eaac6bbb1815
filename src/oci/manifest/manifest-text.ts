import { setImmediate as nextTurn } from 'node:timers/promises';
import { JsonReader, type JsonLimits } from './json-reader.ts';
import { ShapeReader, type Findings, type Shape, type Shaped } from './json-shape.ts';

/** Values read before other work runs: a few milliseconds. */
const SLICE = 10_000;

const PLATFORM = {
  architecture: 'text',
  os: 'text',
  'os.version': 'text',
  'os.features': { list: 'text' },
  variant: 'text',
} as const satisfies Record<string, Shape>;

const DESCRIPTOR = {
  mediaType: 'text',
  size: 'integer',
  digest: 'text',
  urls: { list: 'text' },
  annotations: 'map',
  data: 'text',
  artifactType: 'text',
  platform: { members: PLATFORM },
} as const satisfies Record<string, Shape>;

const CHILD = {
  ...DESCRIPTOR,
  platform: { members: { ...PLATFORM, features: { list: 'text' } } },
} as const satisfies Record<string, Shape>;

/** All members of manifests of any kind: image-spec's, Docker's, and those of Docker's first format. */
const MANIFEST: Readonly<Record<string, Shape>> = {
  schemaVersion: 'integer',
  mediaType: 'text',
  artifactType: 'text',
  config: { members: DESCRIPTOR },
  layers: { list: { members: DESCRIPTOR } },
  manifests: { list: { members: CHILD } },
  annotations: 'map',
  subject: { members: { digest: 'text' } },
  fsLayers: { list: { members: { blobSum: 'text' } } },
  signatures: { list: { members: {} } },
};

type Values = ReadonlyMap<string, Shaped>;

/** The members of a descriptor that a registry needs. Absent texts are empty. */
export interface DescriptorText {
  readonly mediaType: string;
  readonly digest: string;
  readonly urls: readonly string[];
}

/** The members of a manifest as Go reads them: null, absent and empty are the same. */
export interface ManifestText {
  readonly schemaVersion: string;
  readonly mediaType: string;
  readonly artifactType: string;
  readonly config: DescriptorText | undefined;
  readonly layers: readonly DescriptorText[];
  readonly manifests: readonly DescriptorText[];
  readonly fsLayers: readonly string[];
  readonly subject: string;
  readonly annotations: ReadonlyMap<string, string>;
  /** Whether a member is present and not null. */
  readonly has: (member: string) => boolean;
  readonly findings: Findings;
}

/** The parsed text, or why it is not a manifest. */
type TextOutcome =
  | { readonly ok: true; readonly text: ManifestText }
  | { readonly ok: false; readonly reason: string };

/** Reads the bytes of a manifest, in slices between which other work runs. */
export async function readManifestText(bytes: Buffer, limits: JsonLimits): Promise<TextOutcome> {
  const root = new ShapeReader(MANIFEST);
  const reader = new JsonReader(bytes, limits, root);
  while (!reader.advance(SLICE)) await nextTurn();
  if (reader.fault !== undefined) return { ok: false, reason: reader.fault };
  if (root.value === undefined) return { ok: false, reason: 'it is not a JSON object' };
  return { ok: true, text: textOf(root.value, root.findings) };
}

function textOf(values: Values, findings: Findings): ManifestText {
  return {
    schemaVersion: stringIn(values, 'schemaVersion'),
    mediaType: stringIn(values, 'mediaType'),
    artifactType: stringIn(values, 'artifactType'),
    config: values.has('config') ? descriptorOf(values.get('config')) : undefined,
    layers: listIn(values, 'layers').map(descriptorOf),
    manifests: listIn(values, 'manifests').map(descriptorOf),
    fsLayers: listIn(values, 'fsLayers').map((layer) => stringIn(membersOf(layer), 'blobSum')),
    subject: stringIn(membersOf(values.get('subject')), 'digest'),
    annotations: textsOf(values.get('annotations')),
    has: (member) => values.has(member) || findings.misshapen.has(member),
    findings,
  };
}

function descriptorOf(value: Shaped | undefined): DescriptorText {
  const values = membersOf(value);
  return {
    mediaType: stringIn(values, 'mediaType'),
    digest: stringIn(values, 'digest'),
    urls: listIn(values, 'urls').filter((url) => typeof url === 'string'),
  };
}

function textsOf(value: Shaped | undefined): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [key, text] of membersOf(value)) if (typeof text === 'string') texts.set(key, text);
  return texts;
}

function stringIn(values: Values, key: string): string {
  const value = values.get(key);
  return typeof value === 'string' ? value : '';
}

function listIn(values: Values, key: string): readonly Shaped[] {
  const value = values.get(key);
  return isList(value) ? value : [];
}

function membersOf(value: Shaped | undefined): Values {
  return value instanceof Map ? value : new Map<string, Shaped>();
}

function isList(value: Shaped | undefined): value is readonly Shaped[] {
  return Array.isArray(value);
}
