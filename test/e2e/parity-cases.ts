import { createHash } from 'node:crypto';

/** One request. `{repository}` is the case's own, `{location}` what the last answer with one pointed at, `{path}` that without the query. */
export interface Step {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Why the gate may answer otherwise, and how. */
  readonly meant?: Difference;
}

export interface ParityCase {
  readonly name: string;
  readonly steps: readonly Step[];
}

interface Difference {
  readonly why: string;
  readonly answer: {
    readonly status: number;
    readonly codes: readonly string[];
    readonly allow: string | undefined;
  };
}

function difference(why: string, status: number, code: string): Difference {
  return { why, answer: { status, codes: [code], allow: undefined } };
}

/** The differences that are meant. Everything else that differs is a mistake; `Location` and `Link` are relative throughout. */
const MEANT = {
  name: difference(
    'what the grammar refuses never reaches the registry; the answer is JSON',
    404,
    'NAME_INVALID',
  ),
  page: {
    why: 'a page that is too large is made the largest one; 2.8 refuses it',
    answer: { status: 200, codes: [], allow: undefined },
  },
} as const;

/** A method that a route does not know is refused before the registry, in JSON, with what the route knows. */
function unknownMethod(method: string, allow: string): Difference {
  const codes = method === 'HEAD' ? [] : ['UNSUPPORTED'];
  return {
    why: 'only what the specification knows reaches the registry',
    answer: { status: 405, codes, allow },
  };
}

const LAYER = 'a layer of twenty bytes, and some';
const LAYER_DIGEST = digest(LAYER);
const CONFIG = '{"architecture":"amd64","os":"linux"}';
const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: MANIFEST_TYPE,
  config: {
    mediaType: 'application/vnd.docker.container.image.v1+json',
    size: CONFIG.length,
    digest: digest(CONFIG),
  },
  layers: [
    {
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      size: LAYER.length,
      digest: LAYER_DIGEST,
    },
  ],
});
const MANIFEST_DIGEST = digest(MANIFEST);
const UNKNOWN = `sha256:${'0'.repeat(64)}`;
const UPLOADS = '/v2/{repository}/blobs/uploads/';
const LAYER_PATH = `/v2/{repository}/blobs/${LAYER_DIGEST}`;
const OCTETS = { 'content-type': 'application/octet-stream' };

function digest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function get(target: string, headers: Readonly<Record<string, string>> = {}): Step {
  return { method: 'GET', target, headers };
}

function head(target: string, headers: Readonly<Record<string, string>> = {}): Step {
  return { method: 'HEAD', target, headers };
}

const begin: Step = { method: 'POST', target: UPLOADS };

function pushBlob(text: string): readonly Step[] {
  return [begin, { method: 'PUT', target: `{location}&digest=${digest(text)}`, headers: OCTETS, body: text }];
}

function putManifest(reference: string, body = MANIFEST, type = MANIFEST_TYPE): Step {
  return {
    method: 'PUT',
    target: `/v2/{repository}/manifests/${reference}`,
    headers: { 'content-type': type },
    body,
  };
}

const IMAGE = [...pushBlob(LAYER), ...pushBlob(CONFIG), putManifest('latest')];

function on(name: string, steps: readonly Step[]): ParityCase {
  return { name, steps };
}

function differing(meant: Difference, steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => ({ ...step, meant }));
}

const READING: readonly ParityCase[] = [
  on('the base', [get('/v2/'), head('/v2/')]),
  on('a blob', [...pushBlob(LAYER), get(LAYER_PATH), head(LAYER_PATH)]),
  on('a blob that is not there', [get(LAYER_PATH), head(LAYER_PATH)]),
  on('a blob of a repository that is', [...pushBlob(CONFIG), get(LAYER_PATH), head(LAYER_PATH)]),
  on('a blob with an escaped digest', [...pushBlob(LAYER), get(LAYER_PATH.replace('sha256:', 'sha256%3A'))]),
  on('ranges', [
    ...pushBlob(LAYER),
    ...[
      'bytes=0-4',
      'bytes=5-',
      'bytes=-5',
      'bytes=0-0',
      'bytes=30-100',
      'bytes=100-',
      'bytes=5-2',
      'lines=1-2',
      'bytes=0-1,3-4',
    ].map((range) => get(LAYER_PATH, { range })),
    head(LAYER_PATH, { range: 'bytes=0-4' }),
  ]),
  on('conditions on a blob', [
    ...pushBlob(LAYER),
    get(LAYER_PATH, { 'if-none-match': `"${LAYER_DIGEST}"` }),
    get(LAYER_PATH, { 'if-none-match': '"other"' }),
    get(LAYER_PATH, { 'if-match': '"other"' }),
    get(LAYER_PATH, { 'if-range': `"${LAYER_DIGEST}"`, range: 'bytes=0-4' }),
    get(LAYER_PATH, { 'if-range': '"other"', range: 'bytes=0-4' }),
    head(LAYER_PATH, { 'if-none-match': `"${LAYER_DIGEST}"` }),
  ]),
  on('a manifest', [
    ...IMAGE,
    get('/v2/{repository}/manifests/latest'),
    get('/v2/{repository}/manifests/latest', { accept: MANIFEST_TYPE }),
    get('/v2/{repository}/manifests/latest', { accept: 'application/vnd.oci.image.manifest.v1+json' }),
    head('/v2/{repository}/manifests/latest', { accept: MANIFEST_TYPE }),
    get(`/v2/{repository}/manifests/${MANIFEST_DIGEST}`, { accept: MANIFEST_TYPE }),
    get('/v2/{repository}/manifests/latest', {
      accept: MANIFEST_TYPE,
      'if-none-match': `"${MANIFEST_DIGEST}"`,
    }),
  ]),
  on('a manifest that is not there', [
    get('/v2/{repository}/manifests/latest'),
    head('/v2/{repository}/manifests/latest'),
    get(`/v2/{repository}/manifests/${UNKNOWN}`),
    ...IMAGE,
    get('/v2/{repository}/manifests/other'),
    head('/v2/{repository}/manifests/other'),
    get(`/v2/{repository}/manifests/${UNKNOWN}`),
  ]),
  on('tags', [
    get('/v2/{repository}/tags/list'),
    ...IMAGE,
    putManifest('one'),
    putManifest('two'),
    get('/v2/{repository}/tags/list'),
    head('/v2/{repository}/tags/list'),
    ...[
      'n=1',
      'n=1&last=latest',
      'n=0',
      'n=-1',
      'n=1001',
      'last=one',
      'last=zzz',
      'n=abc',
      'n=',
      'n=&last=',
      'n=99999999999',
      'n=1&n=2',
      'last=%zz',
    ].map((query) => get(`/v2/{repository}/tags/list?${query}`)),
  ]),
  on('the catalog', [
    ...['n=0', 'n=-1', 'n=abc', 'n=', 'n=&last=', 'n=1e3', 'last=%zz'].map((query) =>
      get(`/v2/_catalog?${query}`),
    ),
    ...differing(MEANT.page, [get('/v2/_catalog?n=1001'), get('/v2/_catalog?n=99999999999')]),
    get('/v2/_catalog?n=1'),
    get('/v2/_catalog?n=1&last=zzz'),
    head('/v2/_catalog?n=1&last=zzz'),
  ]),
  on('referrers', [get(`/v2/{repository}/referrers/${UNKNOWN}`)]),
];

const WRITING: readonly ParityCase[] = [
  on('an upload in one piece', [...pushBlob(LAYER)]),
  on('an upload in one request', [
    { method: 'POST', target: `${UPLOADS}?digest=${LAYER_DIGEST}`, headers: OCTETS, body: LAYER },
    head(LAYER_PATH),
  ]),
  on('an upload in chunks', [
    begin,
    {
      method: 'PATCH',
      target: '{location}',
      headers: { ...OCTETS, 'content-range': '0-9' },
      body: LAYER.slice(0, 10),
    },
    get('{location}'),
    {
      method: 'PATCH',
      target: '{location}',
      headers: { ...OCTETS, 'content-range': `10-${LAYER.length - 1}` },
      body: LAYER.slice(10),
    },
    { method: 'PUT', target: `{location}&digest=${LAYER_DIGEST}` },
    head(LAYER_PATH),
  ]),
  on('an upload streamed', [
    begin,
    { method: 'PATCH', target: '{location}', headers: OCTETS, body: LAYER },
    head('{location}'),
    { method: 'PUT', target: `{location}&digest=${LAYER_DIGEST}` },
  ]),
  on('a chunk at the wrong place', [
    begin,
    {
      method: 'PATCH',
      target: '{location}',
      headers: { ...OCTETS, 'content-range': '5-9' },
      body: LAYER.slice(5, 10),
    },
    { method: 'PATCH', target: '{location}', headers: { ...OCTETS, 'content-range': 'nonsense' }, body: 'x' },
  ]),
  on('a digest that is not that of the content', [
    begin,
    { method: 'PUT', target: `{location}&digest=${UNKNOWN}`, headers: OCTETS, body: LAYER },
  ]),
  on('an upload that ends without a digest', [
    begin,
    { method: 'PUT', target: '{location}', headers: OCTETS, body: LAYER },
  ]),
  on('an upload that is cancelled', [
    begin,
    { method: 'DELETE', target: '{location}' },
    get('{location}'),
    { method: 'DELETE', target: '{location}' },
  ]),
  on('an upload without its state', [
    begin,
    { method: 'PATCH', target: '{path}', headers: OCTETS, body: LAYER },
    get('{path}'),
  ]),
  on('an upload that nobody began', [
    {
      method: 'PATCH',
      target: `${UPLOADS}0c5a4c5e-0000-4000-8000-000000000000?_state=x`,
      headers: OCTETS,
      body: LAYER,
    },
    {
      method: 'PUT',
      target: `${UPLOADS}0c5a4c5e-0000-4000-8000-000000000000?_state=x&digest=${LAYER_DIGEST}`,
    },
    { method: 'DELETE', target: `${UPLOADS}0c5a4c5e-0000-4000-8000-000000000000` },
  ]),
  on('a mount', [
    ...pushBlob(LAYER),
    { method: 'POST', target: `${UPLOADS}?mount=${LAYER_DIGEST}&from={repository}` },
  ]),
  on('a mount of what is not there', [
    { method: 'POST', target: `${UPLOADS}?mount=${UNKNOWN}&from={repository}` },
  ]),
  on('a mount without from', [
    ...pushBlob(LAYER),
    { method: 'POST', target: `${UPLOADS}?mount=${LAYER_DIGEST}` },
  ]),
  on('a from without mount', [{ method: 'POST', target: `${UPLOADS}?from={repository}` }]),
  on('a mount that can not be', [
    ...pushBlob(LAYER),
    ...['', 'Upper', '..%2Fa', 'localhost:5000/a', 'a%ff'].map((from) => ({
      method: 'POST',
      target: `${UPLOADS}?mount=${LAYER_DIGEST}&from=${from}`,
    })),
    { method: 'POST', target: `${UPLOADS}?mount=latest&from={repository}` },
    { method: 'POST', target: `${UPLOADS}?mount=&from={repository}` },
  ]),
  on('a manifest by digest', [...IMAGE, putManifest(MANIFEST_DIGEST)]),
  on('a manifest under a wrong digest', [...IMAGE, putManifest(UNKNOWN)]),
  on('a manifest without its layers', [putManifest('latest')]),
  on('a manifest that is no JSON', [...pushBlob(LAYER), putManifest('latest', '{')]),
  on('a manifest of an unknown type', [...IMAGE, putManifest('latest', MANIFEST, 'text/plain')]),
  on('an empty manifest', [putManifest('latest', '')]),
  on('deletion of a blob', [
    ...pushBlob(LAYER),
    { method: 'DELETE', target: LAYER_PATH },
    get(LAYER_PATH),
    { method: 'DELETE', target: LAYER_PATH },
  ]),
  on('deletion of a manifest', [
    ...IMAGE,
    { method: 'DELETE', target: `/v2/{repository}/manifests/${MANIFEST_DIGEST}` },
    { method: 'DELETE', target: `/v2/{repository}/manifests/${MANIFEST_DIGEST}` },
    { method: 'DELETE', target: '/v2/{repository}/manifests/latest' },
    get('/v2/{repository}/tags/list'),
  ]),
];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const ROUTES: Readonly<Record<string, readonly [target: string, allow: string]>> = {
  'the base': ['/v2/', 'GET, HEAD'],
  'the catalog': ['/v2/_catalog?last=zzz&n=5', 'GET, HEAD'],
  'a tag list': ['/v2/{repository}/tags/list', 'GET, HEAD'],
  'a tag': ['/v2/{repository}/manifests/latest', 'GET, HEAD, PUT, DELETE'],
  'a manifest digest': [`/v2/{repository}/manifests/${UNKNOWN}`, 'GET, HEAD, PUT, DELETE'],
  'a blob': [`/v2/{repository}/blobs/${UNKNOWN}`, 'GET, HEAD, DELETE'],
  'the uploads': [UPLOADS, 'POST'],
  'an upload': [`${UPLOADS}0c5a4c5e-0000-4000-8000-000000000000`, 'GET, HEAD, PATCH, PUT, DELETE'],
};

/** Every method on every route, on a repository in which nothing is. */
const EVERY_METHOD: readonly ParityCase[] = Object.entries(ROUTES).flatMap(([name, [target, allow]]) =>
  METHODS.map((method) => {
    const isKnown = allow.split(', ').includes(method);
    const step = { method, target };
    return on(`${method} on ${name}`, [isKnown ? step : { ...step, meant: unknownMethod(method, allow) }]);
  }),
);

const NAMES: readonly ParityCase[] = [
  on(
    'names that the grammar refuses',
    differing(MEANT.name, [
      ...['Upper', 'a_', 'a..b', '_a', 'a/-b'].map((name) => get(`/v2/${name}/tags/list`)),
      get('/v2/{repository}/manifests/-bad'),
      get('/v2/{repository}/blobs/sha256:short'),
      get('/v2/{repository}/blobs/nonsense'),
      get('/v2/{repository}/elsewhere'),
      get('/v2/{repository}'),
      get('/v2/nonsense/'),
    ]),
  ),
];

export const CASES: readonly ParityCase[] = [...READING, ...WRITING, ...EVERY_METHOD, ...NAMES];
