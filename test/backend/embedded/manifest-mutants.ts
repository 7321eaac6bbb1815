import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from './spec-client.ts';

/** A manifest as a client may send it, and what is odd about it. */
export interface Mutant {
  readonly odd: readonly string[];
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
}

/** Digests that are in the repository: two blobs, and a manifest of each media type of an image. */
export interface Stock {
  readonly config: string;
  readonly layer: string;
  readonly child: string;
}

/** A manifest before it is written down. A value of type Raw is written as it is. */
interface Draft {
  kind: string;
  contentType: string | undefined;
  top: Record<string, unknown>;
  /** The descriptor that is bent: the first layer, or the first child. */
  descriptor: Record<string, unknown>;
  /** What happens to the text at the end. */
  bend: (text: string) => string;
}

class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const raw = (text: string): Raw => new Raw(text);

export const KINDS: readonly string[] = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST];

function draftOf(kind: string, { config, layer, child }: Stock): Draft {
  const isIndex = kind === OCI_INDEX || kind === DOCKER_LIST;
  const descriptor: Record<string, unknown> = isIndex
    ? { mediaType: OCI_MANIFEST, size: 7, digest: child }
    : { mediaType: OCI_LAYER, size: 7, digest: layer };
  const own = isIndex
    ? { manifests: [descriptor] }
    : { config: { mediaType: OCI_CONFIG, size: 7, digest: config }, layers: [descriptor] };
  const top = { schemaVersion: 2, mediaType: kind, ...own };
  return { kind, contentType: kind, top, descriptor, bend: (text) => text };
}

type Change = (draft: Draft, stock: Stock) => void;

/** One change for each value that a member of an object may be given. */
function values(
  where: 'top' | 'descriptor',
  member: string,
  given: Readonly<Record<string, unknown>>,
): [string, Change][] {
  return Object.entries(given).map(([name, value]) => [
    `${where === 'top' ? '' : 'descriptor '}${member} ${name}`,
    (draft) => void (draft[where][member] = value),
  ]);
}

function bends(given: Readonly<Record<string, (text: string) => string>>): [string, Change][] {
  return Object.entries(given).map(([name, bend]) => [
    name,
    (draft) => {
      const { bend: before } = draft;
      draft.bend = (text) => bend(before(text));
    },
  ]);
}

function contentTypes(
  given: Readonly<Record<string, (kind: string) => string | undefined>>,
): [string, Change][] {
  return Object.entries(given).map(([name, of]) => [
    `Content-Type ${name}`,
    (draft) => void (draft.contentType = of(draft.kind)),
  ]);
}

const LISTS = {
  null: null,
  absent: undefined,
  empty: [],
  'an object': {},
  'a text': 'x',
  'a list with null': [null],
  'a list with a number': [5],
};
const MAPS = {
  null: null,
  empty: {},
  'a list': [],
  'with null': { a: null },
  'with a number': { a: 1 },
  'with an object': { a: {} },
};
const TEXTS = { null: null, absent: undefined, empty: '', 'a number': 5, 'an object': {} };
const NOWHERE = 'f'.repeat(64);

/** Everything that is odd in one way, by name. */
export const CHANGES: ReadonlyMap<string, Change> = new Map<string, Change>([
  ['nothing', () => undefined],
  ...values('top', 'layers', LISTS),
  ...values('top', 'manifests', LISTS),
  ...values('top', 'fsLayers', { null: null, empty: [] }),
  ...values('top', 'config', { null: null, absent: undefined, empty: {}, 'a list': [], 'a text': 'x' }),
  ...values('top', 'annotations', { ...MAPS, 'with bytes that are not UTF-8': raw('{"a":"\xff\xfe"}') }),
  ...values('top', 'subject', { null: null, empty: {}, 'a text': 'x', 'without digest': { digest: '' } }),
  ...values('top', 'artifactType', TEXTS),
  ...values('top', 'mediaType', {
    ...TEXTS,
    'of nobody': 'application/x',
    'in capitals': OCI_MANIFEST.toUpperCase(),
  }),
  ...values('top', 'schemaVersion', {
    absent: undefined,
    null: null,
    'as a text': '2',
    1: 1,
    3: 3,
    negative: -2,
    'with a fraction': raw('2.0'),
    'with an exponent': raw('2e0'),
    'with a leading zero': raw('02'),
    'with a sign': raw('+2'),
  }),
  ...values('top', 'x', {
    'of anything': raw('[{"a":[1e400,-0.5E-3,true,null,"\\u00e9\\n\\/"]}]'),
    'with a member twice': raw('{"a":1,"a":2}'),
    '600 deep': raw('['.repeat(600) + ']'.repeat(600)),
    '20,000 deep': raw('['.repeat(20_000) + ']'.repeat(20_000)),
    'with a long number': raw('9'.repeat(400)),
    'a bare word': raw('NaN'),
    'a cut number': raw('1.'),
    'a bad escape': raw('"\\x41"'),
    'a cut escape': raw('"\\u00e"'),
    'a lone surrogate': raw('"\\ud800"'),
    'a line end in a text': raw('"\n"'),
    'a delete character': raw('"\u007f"'),
    'single quotes': raw("'a'"),
    'a comma at the end': raw('[1,]'),
    'a comment': raw('1/**/'),
  }),
  ...values('descriptor', 'mediaType', { ...TEXTS, 'of nobody': 'application/x' }),
  ...values('descriptor', 'size', {
    absent: undefined,
    null: null,
    negative: -1,
    wrong: 9999,
    'with a fraction': 1.5,
    'with an exponent': raw('1e3'),
    'as a text': '7',
    'the largest': raw('9223372036854775807'),
    'over the largest': raw('9223372036854775808'),
  }),
  ...values('descriptor', 'digest', {
    ...TEXTS,
    'of nothing': `sha256:${NOWHERE}`,
    'in capitals': `sha256:${NOWHERE.toUpperCase()}`,
    'too short': 'sha256:abc',
    'by md5': `md5:${'f'.repeat(32)}`,
    'by sha384, of nothing': `sha384:${'f'.repeat(96)}`,
    'without algorithm': NOWHERE,
  }),
  ...values('descriptor', 'urls', {
    null: null,
    empty: [],
    'with one': ['https://store.example.com/a'],
    'with a file': ['file:///etc/passwd'],
    'with a fragment': ['https://store.example.com/a#b'],
    'with a number': [5],
    'a text': 'https://store.example.com/a',
  }),
  ...values('descriptor', 'annotations', MAPS),
  ...values('descriptor', 'platform', {
    null: null,
    empty: {},
    'a number': 5,
    'with null': { architecture: null, os: null },
    'with a number': { os: 5 },
    'with features that are a text': { 'os.features': 'x' },
  }),
  ...values('descriptor', 'data', { null: null, 'a text': 'e30=', 'a number': 5 }),
  ...values('descriptor', 'artifactType', { null: null, 'a number': 5 }),
  ...values('descriptor', 'x', { 'of anything': [{ a: null }] }),
  [
    'foreign layer with urls, absent',
    ({ descriptor }) => {
      descriptor['mediaType'] = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
      descriptor['digest'] = `sha256:${NOWHERE}`;
      descriptor['urls'] = ['https://store.example.com/a'];
    },
  ],
  [
    'foreign layer with urls, without digest',
    ({ descriptor }) => {
      descriptor['mediaType'] = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
      descriptor['digest'] = NOWHERE;
      descriptor['urls'] = ['https://store.example.com/a'];
    },
  ],
  [
    'layer with urls, absent',
    ({ descriptor }) => {
      descriptor['digest'] = `sha256:${NOWHERE}`;
      descriptor['urls'] = ['https://store.example.com/a'];
    },
  ],
  [
    'foreign layer without urls, absent',
    ({ descriptor }) => {
      descriptor['mediaType'] = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
      descriptor['digest'] = `sha256:${NOWHERE}`;
    },
  ],
  ...bends({
    'a byte order mark': (text) => `\u{feff}${text}`,
    'text behind it': (text) => `${text} x`,
    'whitespace around it': (text) => ` \r\n\t${text}\n`,
    'whitespace of another kind': (text) => `\u{a0}${text}`,
    'the end missing': (text) => text.slice(0, -1),
    'nothing at all': () => '',
    'a list around it': (text) => `[${text}]`,
    'bytes that are not UTF-8 in a name': (text) => text.replace(/\}$/, ',"\xff":1}'),
    'a name in another case': (text) =>
      text.replace('"layers"', '"Layers"').replace('"manifests"', '"MANIFESTS"'),
    'a name with a long s': (text) =>
      text.replace('"layers"', '"layer\xc5\xbf"').replace('"manifests"', '"manife\xc5\xbft\xc5\xbf"'),
    'a name that is escaped': (text) => text.replace('"schemaVersion"', '"schema\\u0056ersion"'),
    'a list twice': (text) => text.replace('{', '{"layers":null,"manifests":null,'),
    'a version twice': (text) => text.replace('{', '{"schemaVersion":2,'),
    'a version twice, in another case': (text) => text.replace('{', '{"SCHEMAVERSION":2,'),
  }),
  ...contentTypes({
    absent: () => undefined,
    'application/json': () => 'application/json',
    'in capitals': (kind) => kind.toUpperCase(),
    'with a parameter': (kind) => `${kind}; charset=utf-8`,
    'of an OCI image': () => OCI_MANIFEST,
    'of an OCI index': () => OCI_INDEX,
    'of a Docker image': () => DOCKER_MANIFEST,
    'of a Docker list': () => DOCKER_LIST,
  }),
]);

/** A manifest of a kind with these changes made to it, in this order. */
export function mutantOf(kind: string, odd: readonly string[], stock: Stock): Mutant {
  const draft = draftOf(kind, stock);
  for (const name of odd) CHANGES.get(name)?.(draft, stock);
  const bytes = Buffer.from(draft.bend(written(draft.top)), 'latin1');
  return { odd, bytes, contentType: draft.contentType };
}

/** JSON as UTF-8 in latin1 characters, so that a bend can put any byte into it. */
function written(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(written).join()}]`;
  if (typeof value !== 'object' || value === null)
    return Buffer.from(JSON.stringify(value)).toString('latin1');
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${written(member)}`).join()}}`;
}
