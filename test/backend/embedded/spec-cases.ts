/* oxlint-disable vitest/no-standalone-expect -- the cases are run as tests, by each test with its own registry */
import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Algorithm, Made, SpecClient } from './spec-client.ts';
import * as spec from './spec-client.ts';
import { codeOf, digestOf, image, index, jsonOf, locationOf, make, withQuery } from './spec-client.ts';

/** One check of the distribution spec. */
export interface SpecCase {
  /** End-point of the spec and what is checked: unique. */
  readonly name: string;
  readonly run: (client: SpecClient, repository: string) => Promise<void>;
}

interface Referrers {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly manifests: {
    digest: string;
    size: number;
    mediaType: string;
    artifactType?: string;
    annotations?: object;
  }[];
}

interface Tags {
  readonly name: string;
  readonly tags: string[];
}

const ALGORITHMS: readonly Algorithm[] = ['sha256', 'sha384', 'sha512'];
const accept = { Accept: spec.ACCEPT };
const NOWHERE = digestOf('nowhere');

const base: readonly SpecCase[] = [
  {
    name: 'end-1: GET /v2/ says which API this is',
    run: async (client) => {
      const { headers } = await client.expect(200, 'GET', '/v2/');
      expect(headers['docker-distribution-api-version']).toBe('registry/2.0');
    },
  },
];

const blobPulls: readonly SpecCase[] = [
  {
    name: 'end-2: HEAD and GET of a blob say its digest, size and content',
    run: async (client, repository) => {
      const bytes = randomBytes(5000);
      const digest = await client.blob(repository, bytes);
      const head = await client.expect(200, 'HEAD', `/v2/${repository}/blobs/${digest}`);
      const get = await client.expect(200, 'GET', `/v2/${repository}/blobs/${digest}`);
      for (const { headers } of [head, get]) {
        expect(headers['docker-content-digest']).toBe(digest);
        expect(headers['content-length']).toBe('5000');
        expect(headers['accept-ranges']).toBe('bytes');
      }
      expect(head.body.length).toBe(0);
      expect(get.body.equals(bytes)).toBe(true);
    },
  },
  {
    name: 'end-2: a blob of another repository is not in this one',
    run: async (client, repository) => {
      const digest = await client.blob(`${repository}/other`);
      expect(codeOf(await client.expect(404, 'GET', `/v2/${repository}/blobs/${digest}`))).toBe(
        'BLOB_UNKNOWN',
      );
      await client.expect(404, 'HEAD', `/v2/${repository}/blobs/${digest}`);
    },
  },
  {
    name: 'end-2: what the client has is not sent again',
    run: async (client, repository) => {
      const digest = await client.blob(repository);
      const headers = { 'If-None-Match': `"${digest}"` };
      const answer = await client.expect(304, 'GET', `/v2/${repository}/blobs/${digest}`, { headers });
      expect(answer.body.length).toBe(0);
      await client.expect(200, 'GET', `/v2/${repository}/blobs/${digest}`, {
        headers: { 'If-None-Match': `"${NOWHERE}"` },
      });
    },
  },
  {
    name: 'end-2: the empty blob is a blob',
    run: async (client, repository) => {
      for (const algorithm of ALGORITHMS) {
        const digest = digestOf('', algorithm);
        const put = await client.put(await client.begin(repository), digest);
        expect(put.status).toBe(201);
        const get = await client.expect(200, 'GET', `/v2/${repository}/blobs/${digest}`);
        expect(get.headers['content-length']).toBe('0');
      }
    },
  },
];

const RANGES = [
  { range: 'bytes=500-1499', start: 500, end: 1500 },
  { range: 'bytes=500-', start: 500, end: 2048 },
  { range: 'bytes=-500', start: 1548, end: 2048 },
  { range: 'bytes=-5000', start: 0, end: 2048 },
  { range: 'bytes=2000-5000', start: 2000, end: 2048 },
  { range: 'bytes=0-0', start: 0, end: 1 },
  { range: 'bytes=500-0' },
  { range: 'bytes=2048-', unsatisfiable: 'bytes */2048' },
  { range: 'bytes=5000-10000', unsatisfiable: 'bytes */2048' },
  { range: 'pages=1-2', whole: true },
];

const ranges: readonly SpecCase[] = RANGES.map(({ range, start, end, whole, unsatisfiable }) => ({
  name: `end-2: Range: ${range}`,
  run: async (client, repository) => {
    const bytes = randomBytes(2048);
    const digest = await client.blob(repository, bytes);
    const answer = await client.ask('GET', `/v2/${repository}/blobs/${digest}`, {
      headers: { Range: range },
    });
    if (whole === true) {
      expect(answer.status).toBe(200);
      expect(answer.body.equals(bytes)).toBe(true);
    } else if (start === undefined) {
      expect(answer.status).toBe(416);
      if (unsatisfiable !== undefined) expect(answer.headers['content-range']).toBe(unsatisfiable);
    } else {
      expect(answer.status).toBe(206);
      expect(answer.headers['content-range']).toBe(`bytes ${start}-${end - 1}/2048`);
      expect(answer.headers['content-length']).toBe(String(end - start));
      expect(answer.body.equals(bytes.subarray(start, end))).toBe(true);
    }
  },
}));

const MANIFESTS: readonly {
  readonly name: string;
  readonly make: (config: string, layer: string) => Made;
}[] = [
  { name: 'an OCI image', make: (config, layer) => image(config, layer) },
  { name: 'an OCI image without layers', make: (config) => image(config, undefined) },
  {
    name: 'an OCI image without mediaType',
    make: (config, layer) => image(config, layer, { mediaType: undefined }),
  },
  {
    name: 'an OCI image with unknown fields',
    make: (config, layer) => image(config, layer, { 'org.example': { a: [1] } }),
  },
  { name: 'an OCI image with data in descriptors', make: (config, layer) => withData(config, layer) },
  { name: 'a Docker image', make: (config, layer) => dockerImage(config, layer) },
  { name: 'an empty OCI index', make: () => index([]) },
  { name: 'an OCI index without mediaType', make: () => index([], { mediaType: undefined }) },
  { name: 'a sparse OCI index', make: () => index([make({ of: 'nobody' }, spec.OCI_MANIFEST)]) },
  {
    name: 'an empty Docker list',
    make: () => make({ schemaVersion: 2, mediaType: spec.DOCKER_LIST, manifests: [] }, spec.DOCKER_LIST),
  },
  { name: 'an artifact', make: (config, layer) => artifact(config, layer) },
  { name: 'an image with foreign layers', make: (config) => foreign(config) },
  { name: 'an image of nearly 4 MB', make: (config, layer) => large(config, layer) },
];

const manifestPulls: readonly SpecCase[] = MANIFESTS.map(({ name, make }) => ({
  name: `end-3, end-7: ${name} comes back byte for byte, by tag and by digest`,
  run: async (client, repository) => {
    const made = make(await client.blob(repository, '{}'), await client.blob(repository));
    for (const reference of [made.digest, 'tag']) {
      const put = await client.manifest(repository, reference, made);
      expect(put.status).toBe(201);
      expect(put.headers['docker-content-digest']).toBe(made.digest);
      expect(locationOf(put)).toContain(`/v2/${repository}/manifests/${made.digest}`);
      for (const method of ['HEAD', 'GET']) {
        const path = `/v2/${repository}/manifests/${reference}`;
        const { headers, body } = await client.expect(200, method, path, { headers: accept });
        expect(headers['content-type']).toBe(made.type);
        expect(headers['docker-content-digest']).toBe(made.digest);
        expect(headers['content-length']).toBe(String(made.size));
        expect(body.toString()).toBe(method === 'GET' ? made.bytes : '');
      }
    }
  },
}));

const manifestCases: readonly SpecCase[] = [
  {
    name: 'end-3: an unknown manifest is 404 MANIFEST_UNKNOWN',
    run: async (client, repository) => {
      await client.blob(repository);
      for (const reference of ['nope', NOWHERE]) {
        const path = `/v2/${repository}/manifests/${reference}`;
        expect(codeOf(await client.expect(404, 'GET', path, { headers: accept }))).toBe('MANIFEST_UNKNOWN');
        await client.expect(404, 'HEAD', path, { headers: accept });
      }
    },
  },
  {
    name: 'end-3: what the client has is not sent again',
    run: async (client, repository) => {
      const { digest } = await client.image(repository, 'tag');
      const headers = { ...accept, 'If-None-Match': `"${digest}"` };
      await client.expect(304, 'GET', `/v2/${repository}/manifests/tag`, { headers });
    },
  },
  {
    name: 'end-7: sha512 names a manifest too',
    run: async (client, repository) => {
      const content = JSON.parse(
        image(await client.blob(repository, '{}', 'sha512'), undefined).bytes,
      ) as object;
      const made = make(content, spec.OCI_MANIFEST, 'sha512');
      const put = await client.manifest(repository, made.digest, made);
      expect(put.status).toBe(201);
      expect(put.headers['docker-content-digest']).toBe(made.digest);
      const path = `/v2/${repository}/manifests/${made.digest}`;
      expect((await client.expect(200, 'GET', path, { headers: accept })).body.toString()).toBe(made.bytes);
      await client.expect(202, 'DELETE', path);
      await client.expect(404, 'GET', path, { headers: accept });
    },
  },
  {
    name: 'end-7: a digest that is not that of the content is 400 DIGEST_INVALID and keeps nothing',
    run: async (client, repository) => {
      const made = image(await client.blob(repository, '{}'), undefined);
      const put = await client.manifest(repository, made.digest, { ...made, bytes: `${made.bytes}  ` });
      expect(put.status).toBe(400);
      expect(codeOf(put)).toBe('DIGEST_INVALID');
      await client.expect(404, 'GET', `/v2/${repository}/manifests/${made.digest}`, { headers: accept });
    },
  },
  {
    name: 'end-7: a digest that is malformed is 400 DIGEST_INVALID',
    run: async (client, repository) => {
      const made = image(await client.blob(repository, '{}'), undefined);
      for (const reference of ['sha256:baddigeststring', `sha256:${'g'.repeat(64)}`, 'sha512:00']) {
        const put = await client.manifest(repository, reference, made);
        expect(put.status).toBe(400);
        expect(codeOf(put)).toBe('DIGEST_INVALID');
      }
    },
  },
  {
    name: 'end-7: a missing blob is 400 MANIFEST_BLOB_UNKNOWN',
    run: async (client, repository) => {
      const made = image(await client.blob(repository, '{}'), NOWHERE);
      const put = await client.manifest(repository, 'tag', made);
      expect(put.status).toBe(400);
      expect(codeOf(put)).toBe('MANIFEST_BLOB_UNKNOWN');
      await client.expect(404, 'GET', `/v2/${repository}/manifests/tag`, { headers: accept });
    },
  },
  {
    name: 'end-7: a blob of another repository does not count',
    run: async (client, repository) => {
      const made = image(await client.blob(repository, '{}'), await client.blob(`${repository}/other`));
      expect(codeOf(await client.manifest(repository, 'tag', made))).toBe('MANIFEST_BLOB_UNKNOWN');
    },
  },
  ...[
    { what: 'no JSON', bytes: '{"schemaVersion": 2,' },
    { what: 'no object', bytes: '[]' },
    { what: 'schemaVersion 3', bytes: '{"schemaVersion": 3}' },
    { what: 'a mediaType that is not the Content-Type', bytes: index([]).bytes },
    {
      what: 'an image without config',
      bytes: `{"schemaVersion":2,"mediaType":"${spec.OCI_MANIFEST}","layers":[]}`,
    },
  ].map(({ what, bytes }) => ({
    name: `end-7: ${what} is 400 MANIFEST_INVALID`,
    run: async (client: SpecClient, repository: string) => {
      await client.blob(repository);
      const put = await client.manifest(repository, 'tag', { ...image(NOWHERE, undefined), bytes });
      expect(put.status).toBe(400);
      expect(codeOf(put)).toBe('MANIFEST_INVALID');
    },
  })),
  {
    name: 'end-7: more than 4 MiB is refused, with 413',
    run: async (client, repository) => {
      const config = await client.blob(repository, '{}');
      const made = image(config, undefined, { annotations: { padding: 'A'.repeat(4 * 1024 * 1024) } });
      expect((await client.manifest(repository, 'tag', made)).status).toBe(413);
      await client.expect(404, 'GET', `/v2/${repository}/manifests/tag`, { headers: accept });
    },
  },
  {
    name: 'end-7: a tag moves to the last manifest that was pushed under it',
    run: async (client, repository) => {
      const first = await client.image(repository, 'tag');
      const second = await client.image(repository, 'tag');
      const now = await client.expect(200, 'GET', `/v2/${repository}/manifests/tag`, { headers: accept });
      expect(now.body.toString()).toBe(second.bytes);
      await client.expect(200, 'GET', `/v2/${repository}/manifests/${first.digest}`, { headers: accept });
    },
  },
  {
    name: 'end-7: tag= names several tags at once, and OCI-Tag says so',
    run: async (client, repository) => {
      const made = image(await client.blob(repository, '{}'), undefined);
      const put = await client.manifest(repository, made.digest, made, '?tag=one&tag=two');
      expect(put.status).toBe(201);
      expect(String(put.headers['oci-tag']).split(/, ?/)).toEqual(['one', 'two']);
      for (const tag of ['one', 'two']) {
        const got = await client.expect(200, 'GET', `/v2/${repository}/manifests/${tag}`, {
          headers: accept,
        });
        expect(got.headers['docker-content-digest']).toBe(made.digest);
      }
      expect((await client.manifest(repository, made.digest, made, '?tag=-no')).status).toBe(400);
    },
  },
  {
    name: 'end-9: DELETE of a tag leaves the manifest and its other tags',
    run: async (client, repository) => {
      const made = await client.image(repository, 'one');
      await client.manifest(repository, 'two', made);
      await client.expect(202, 'DELETE', `/v2/${repository}/manifests/one`);
      await client.expect(404, 'GET', `/v2/${repository}/manifests/one`, { headers: accept });
      await client.expect(200, 'GET', `/v2/${repository}/manifests/two`, { headers: accept });
      await client.expect(200, 'GET', `/v2/${repository}/manifests/${made.digest}`, { headers: accept });
      expect((await client.ask('DELETE', `/v2/${repository}/manifests/one`)).status).toBe(404);
    },
  },
  {
    name: 'end-9: DELETE of a manifest takes its tags along',
    run: async (client, repository) => {
      const made = await client.image(repository, 'one');
      await client.manifest(repository, 'two', made);
      await client.image(repository, 'three');
      await client.expect(202, 'DELETE', `/v2/${repository}/manifests/${made.digest}`);
      await client.expect(404, 'GET', `/v2/${repository}/manifests/${made.digest}`, { headers: accept });
      await client.expect(404, 'GET', `/v2/${repository}/manifests/one`, { headers: accept });
      const tags = await client.expect(200, 'GET', `/v2/${repository}/tags/list`);
      expect(jsonOf<Tags>(tags).tags).toEqual(['three']);
      expect(codeOf(await client.expect(404, 'DELETE', `/v2/${repository}/manifests/${made.digest}`))).toBe(
        'MANIFEST_UNKNOWN',
      );
    },
  },
  {
    name: 'end-9: a deleted manifest can be pushed again',
    run: async (client, repository) => {
      const made = await client.image(repository, 'tag');
      await client.expect(202, 'DELETE', `/v2/${repository}/manifests/${made.digest}`);
      expect((await client.manifest(repository, 'tag', made)).status).toBe(201);
      await client.expect(200, 'GET', `/v2/${repository}/manifests/tag`, { headers: accept });
    },
  },
];

const uploads: readonly SpecCase[] = ALGORITHMS.flatMap((algorithm) => [
  {
    name: `end-4a, end-6: POST and PUT (${algorithm})`,
    run: async (client: SpecClient, repository: string) => {
      const bytes = randomBytes(512);
      const digest = digestOf(bytes, algorithm);
      const put = await client.put(await client.begin(repository), digest, bytes);
      expect(put.status).toBe(201);
      expect(put.headers['docker-content-digest']).toBe(digest);
      expect((await client.expect(200, 'GET', locationOf(put))).body.equals(bytes)).toBe(true);
    },
  },
  {
    name: `end-4b: POST with digest= is all (${algorithm})`,
    run: async (client: SpecClient, repository: string) => {
      const body = randomBytes(512);
      const digest = digestOf(body, algorithm);
      const headers = { 'Content-Type': 'application/octet-stream' };
      const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
      const post = await client.expect(201, 'POST', path, { body, headers });
      expect((await client.expect(200, 'GET', locationOf(post))).body.equals(body)).toBe(true);
    },
  },
  {
    name: `end-5, end-6: one PATCH as a stream (${algorithm})`,
    run: async (client: SpecClient, repository: string) => {
      const body = randomBytes(200_000);
      const headers = { 'Content-Type': 'application/octet-stream' };
      const location = await client.begin(repository);
      const patch = await client.expect(202, 'PATCH', location, { body, headers, chunked: true });
      expect(patch.headers.range).toBe('0-199999');
      const put = await client.put(locationOf(patch), digestOf(body, algorithm));
      expect(put.status).toBe(201);
      expect((await client.expect(200, 'GET', locationOf(put))).body.equals(body)).toBe(true);
    },
  },
  {
    name: `end-5, end-6: three chunks with Content-Range, the last one with PUT (${algorithm})`,
    run: async (client: SpecClient, repository: string) => {
      const bytes = randomBytes(3067);
      let location = await client.begin(repository);
      for (const start of [0, 1024]) {
        const patch = await client.patch(
          location,
          bytes.subarray(start, start + 1024),
          `${start}-${start + 1023}`,
        );
        expect(patch.status).toBe(202);
        expect(patch.headers.range).toBe(`0-${start + 1023}`);
        location = locationOf(patch);
      }
      const path = withQuery(location, `digest=${digestOf(bytes, algorithm)}`);
      const headers = { 'Content-Type': 'application/octet-stream', 'Content-Range': '2048-3066' };
      const put = await client.expect(201, 'PUT', path, { body: bytes.subarray(2048), headers });
      expect((await client.expect(200, 'GET', locationOf(put))).body.equals(bytes)).toBe(true);
    },
  },
  {
    name: `end-5: a chunk out of order is 416, and the upload goes on (${algorithm})`,
    run: async (client: SpecClient, repository: string) => {
      const bytes = randomBytes(3067);
      const first = await client.patch(await client.begin(repository), bytes.subarray(0, 1024), '0-1023');
      let location = locationOf(first);
      for (const [start, end] of [
        [2048, 3067],
        [0, 1024],
      ] as const) {
        const bad = await client.patch(location, bytes.subarray(start, end), `${start}-${end - 1}`);
        expect(bad.status).toBe(416);
      }
      const path = withQuery(location, `digest=${digestOf(bytes, algorithm)}`);
      const bad = await client.ask('PUT', path, {
        body: bytes.subarray(2048),
        headers: { 'Content-Range': '2048-3066' },
      });
      expect(bad.status).toBe(416);
      const status = await client.expect(204, 'GET', location);
      expect(status.headers.range).toBe('0-1023');
      location = locationOf(status);
      const patch = await client.patch(location, bytes.subarray(1024), '1024-3066');
      expect(patch.status).toBe(202);
      expect((await client.put(locationOf(patch), digestOf(bytes, algorithm))).status).toBe(201);
    },
  },
  ...(['POST', 'PUT', 'PATCH'] as const).map((method) => ({
    name: `end-6: a wrong digest is 400 DIGEST_INVALID and keeps nothing, by ${method} (${algorithm})`,
    run: async (client: SpecClient, repository: string) => {
      const digest = digestOf(randomUUID(), algorithm);
      const body = randomBytes(3000);
      const answer = await pushBy(client, { method, repository, digest, body });
      expect(answer.status).toBe(400);
      expect(codeOf(answer)).toBe('DIGEST_INVALID');
      await client.expect(404, 'HEAD', `/v2/${repository}/blobs/${digest}`);
      await client.expect(404, 'HEAD', `/v2/${repository}/blobs/${digestOf(body, algorithm)}`);
    },
  })),
]);

const sessions: readonly SpecCase[] = [
  {
    name: 'end-4a: a new upload says where it is and how far',
    run: async (client, repository) => {
      const { headers } = await client.expect(202, 'POST', `/v2/${repository}/blobs/uploads/`);
      expect(headers.range).toBe('0-0');
      const empty = await client.expect(204, 'GET', headers.location ?? '');
      expect(empty.headers.range).toBe('0-0');
      expect(headers['docker-upload-uuid']).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.location).toContain(`/v2/${repository}/blobs/uploads/${headers['docker-upload-uuid']}`);
      expect(headers['content-length']).toBe('0');
    },
  },
  {
    name: 'end-4a: Location is path-absolute',
    run: async (client, repository) => {
      expect(await client.begin(repository)).toMatch(/^\/v2\//);
    },
  },
  {
    name: 'end-13: GET and HEAD say how far an upload is',
    run: async (client, repository) => {
      const location = locationOf(await client.patch(await client.begin(repository), randomBytes(700)));
      for (const method of ['GET', 'HEAD']) {
        const { headers } = await client.expect(204, method, location);
        expect(headers.range).toBe('0-699');
        expect(headers.location).toContain(`/v2/${repository}/blobs/uploads/`);
        expect(headers['docker-upload-uuid']).toBeDefined();
      }
    },
  },
  {
    name: 'end-14: DELETE ends an upload',
    run: async (client, repository) => {
      const location = locationOf(await client.patch(await client.begin(repository), 'some'));
      await client.expect(204, 'DELETE', location);
      expect(codeOf(await client.expect(404, 'GET', location))).toBe('BLOB_UPLOAD_UNKNOWN');
      expect((await client.put(location, digestOf('some'))).status).toBe(404);
      expect((await client.patch(location, 'more')).status).toBe(404);
      await client.expect(404, 'DELETE', location);
    },
  },
  {
    name: 'end-6: an upload ends with its PUT',
    run: async (client, repository) => {
      const location = await client.begin(repository);
      expect((await client.put(location, digestOf('some'), 'some')).status).toBe(201);
      expect((await client.put(location, digestOf('some'), 'some')).status).toBe(404);
    },
  },
  {
    name: 'end-6: a PUT without digest= is 400, and the upload goes on',
    run: async (client, repository) => {
      const location = locationOf(await client.patch(await client.begin(repository), 'some'));
      expect(codeOf(await client.expect(400, 'PUT', location))).toBe('DIGEST_INVALID');
      expect((await client.put(location, digestOf('some'))).status).toBe(201);
    },
  },
  {
    name: 'end-5: Content-Range and Content-Length have to agree',
    run: async (client, repository) => {
      const location = await client.begin(repository);
      expect((await client.patch(location, 'four', '0-9')).status).toBe(400);
      expect((await client.patch(location, 'four', '0-3')).status).toBe(202);
    },
  },
  {
    name: 'end-6: an algorithm that nobody knows is 400',
    run: async (client, repository) => {
      const put = await client.put(await client.begin(repository), `md5:${'0'.repeat(32)}`, 'some');
      expect(codeOf(put)).toBe('DIGEST_INVALID');
      expect(put.status).toBe(400);
    },
  },
];

const mounts: readonly SpecCase[] = [
  {
    name: 'end-11: mount takes a blob over from another repository',
    run: async (client, repository) => {
      const bytes = randomBytes(300);
      const other = `${repository}/other`;
      for (const algorithm of ALGORITHMS) {
        const digest = await client.blob(other, bytes, algorithm);
        const path = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${other}`;
        const mount = await client.expect(201, 'POST', path);
        expect(mount.headers['docker-content-digest']).toBe(digest);
        expect((await client.expect(200, 'GET', locationOf(mount))).body.equals(bytes)).toBe(true);
        await client.expect(202, 'DELETE', `/v2/${other}/blobs/${digest}`);
        await client.expect(200, 'GET', `/v2/${repository}/blobs/${digest}`);
      }
    },
  },
  {
    name: 'end-11: a blob that is not there becomes an upload',
    run: async (client, repository) => {
      for (const query of [`?mount=${NOWHERE}&from=${repository}/other`, `?mount=${NOWHERE}`]) {
        const location = await client.begin(repository, query);
        expect((await client.put(location, digestOf('some'), 'some')).status).toBe(201);
      }
    },
  },
  {
    name: 'end-11: mount without from is an upload, even of a blob that is there',
    run: async (client, repository) => {
      const digest = await client.blob(`${repository}/other`);
      await client.begin(repository, `?mount=${digest}`);
      await client.expect(404, 'HEAD', `/v2/${repository}/blobs/${digest}`);
    },
  },
  {
    name: 'end-10: DELETE takes a blob out of its repository alone',
    run: async (client, repository) => {
      const bytes = randomBytes(64);
      const digest = await client.blob(repository, bytes);
      await client.blob(`${repository}/other`, bytes);
      await client.expect(202, 'DELETE', `/v2/${repository}/blobs/${digest}`);
      await client.expect(404, 'HEAD', `/v2/${repository}/blobs/${digest}`);
      await client.expect(200, 'HEAD', `/v2/${repository}/other/blobs/${digest}`);
      expect(codeOf(await client.expect(404, 'DELETE', `/v2/${repository}/blobs/${digest}`))).toBe(
        'BLOB_UNKNOWN',
      );
      await client.blob(repository, bytes);
      await client.expect(200, 'HEAD', `/v2/${repository}/blobs/${digest}`);
    },
  },
];

const lists: readonly SpecCase[] = [
  {
    name: 'end-8a: tags of an unknown repository are 404 NAME_UNKNOWN',
    run: async (client, repository) => {
      expect(codeOf(await client.expect(404, 'GET', `/v2/${repository}/tags/list`))).toBe('NAME_UNKNOWN');
    },
  },
  {
    name: 'end-8a: tags come in byte order',
    run: async (client, repository) => {
      const made = await client.image(repository, 'b');
      for (const tag of ['a', 'B', '10', '9', 'a-1', '_a']) await client.manifest(repository, tag, made);
      const { headers, body } = await client.expect(200, 'GET', `/v2/${repository}/tags/list`);
      expect(headers['content-type']).toContain('application/json');
      expect(JSON.parse(body.toString())).toEqual({
        name: repository,
        tags: ['10', '9', 'B', '_a', 'a', 'a-1', 'b'],
      });
    },
  },
  {
    name: 'end-8b: tags by pages, each linked to the next',
    run: async (client, repository) => {
      const made = await client.image(repository, 'a');
      for (const tag of ['b', 'c', 'd', 'e']) await client.manifest(repository, tag, made);
      const pages = await pagesOf(
        client,
        `/v2/${repository}/tags/list?n=2`,
        (page) => jsonOf<Tags>(page).tags,
      );
      expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
      const rest = await client.expect(200, 'GET', `/v2/${repository}/tags/list?last=c`);
      expect(jsonOf<Tags>(rest).tags).toEqual(['d', 'e']);
      const between = await client.expect(200, 'GET', `/v2/${repository}/tags/list?n=1&last=bb`);
      expect(jsonOf<Tags>(between).tags).toEqual(['c']);
    },
  },
  {
    name: 'end-8b: n=0 is an empty page without a link',
    run: async (client, repository) => {
      await client.image(repository, 'a');
      const { headers, body } = await client.expect(200, 'GET', `/v2/${repository}/tags/list?n=0`);
      expect(JSON.parse(body.toString())).toEqual({ name: repository, tags: [] });
      expect(headers['link']).toBeUndefined();
    },
  },
  {
    name: 'end-8b: an n that is no size of a page is passed over',
    run: async (client, repository) => {
      await client.image(repository, 'a');
      for (const query of ['n=-1', 'n=', 'n=&last=', 'n=x', 'n=99999999999']) {
        const { body } = await client.expect(200, 'GET', `/v2/${repository}/tags/list?${query}`);
        expect(JSON.parse(body.toString())).toEqual({ name: repository, tags: ['a'] });
      }
    },
  },
  {
    name: 'end-11: a mount that can not be used begins an upload',
    run: async (client, repository) => {
      const digest = await client.blob(repository);
      for (const hint of [`mount=${digest}`, `mount=${digest}&from=`, `mount=latest&from=${repository}`])
        await client.expect(202, 'POST', `/v2/${repository}/blobs/uploads/?${hint}`);
    },
  },
  {
    name: 'end-8a: without a tag the list is empty',
    run: async (client, repository) => {
      await client.blob(repository);
      const answer = await client.expect(200, 'GET', `/v2/${repository}/tags/list`);
      expect(jsonOf<Tags>(answer).tags).toEqual([]);
    },
  },
  {
    name: '_catalog: repositories by pages, component by component',
    run: async (client, repository) => {
      const names = ['b', 'a-b', 'a/b', 'a/b/c', 'a', 'a.b'].map((name) => `${repository}/${name}`);
      for (const name of names) await client.blob(name);
      const pages = await pagesOf(
        client,
        '/v2/_catalog?n=2',
        (page) => jsonOf<{ repositories: string[] }>(page).repositories,
      );
      const mine = pages.flat().filter((name) => name.startsWith(`${repository}/`));
      expect(mine).toEqual(['a', 'a/b', 'a/b/c', 'a-b', 'a.b', 'b'].map((name) => `${repository}/${name}`));
    },
  },
];

const referrers: readonly SpecCase[] = [
  {
    name: 'end-12a: nobody refers to an unknown subject: an empty index',
    run: async (client, repository) => {
      const answer = await client.expect(200, 'GET', `/v2/${repository}/referrers/${NOWHERE}`);
      expect(answer.headers['content-type']).toBe(spec.OCI_INDEX);
      expect(jsonOf(answer)).toEqual({ schemaVersion: 2, mediaType: spec.OCI_INDEX, manifests: [] });
    },
  },
  {
    name: 'end-12a, end-12b: referrers with type and annotations, filtered, until they are deleted',
    run: async (client, repository) => {
      const subject = await client.image(repository, 'subject');
      const made = await referrersOf(client, repository, subject);
      const path = `/v2/${repository}/referrers/${subject.digest}`;
      const all = jsonOf<Referrers>(await client.expect(200, 'GET', path));
      expect(all.manifests.map(({ digest }) => digest).toSorted()).toEqual(
        made.map(({ digest }) => digest).toSorted(),
      );
      const [typed, plain, list] = made.map(({ digest }) =>
        all.manifests.find((one) => one.digest === digest),
      );
      expect(typed).toMatchObject({
        artifactType: 'application/vnd.example.one',
        annotations: { k: 'v' },
        mediaType: spec.OCI_MANIFEST,
        size: made[0]?.size,
      });
      expect(plain?.artifactType).toBe(spec.OCI_CONFIG);
      expect(list).toMatchObject({ artifactType: 'application/vnd.example.two', mediaType: spec.OCI_INDEX });
      const filtered = await client.expect(200, 'GET', `${path}?artifactType=application%2Fvnd.example.one`);
      expect(filtered.headers['oci-filters-applied']).toBe('artifactType');
      expect(jsonOf<Referrers>(filtered).manifests.map(({ digest }) => digest)).toEqual([made[0]?.digest]);
      await client.expect(202, 'DELETE', `/v2/${repository}/manifests/${made[0]?.digest}`);
      const left = jsonOf<Referrers>(await client.expect(200, 'GET', path));
      expect(left.manifests.map(({ digest }) => digest)).not.toContain(made[0]?.digest);
      expect(left.manifests.length).toBe(2);
    },
  },
  {
    name: 'end-7: OCI-Subject says that the subject was understood, be it there or not',
    run: async (client, repository) => {
      const subject = make({ of: 'nobody' }, spec.OCI_MANIFEST);
      const [first] = await referrersOf(client, repository, subject);
      const list = await client.expect(200, 'GET', `/v2/${repository}/referrers/${subject.digest}`);
      expect(jsonOf<Referrers>(list).manifests.map(({ digest }) => digest)).toContain(first?.digest);
    },
  },
  {
    name: 'end-12a: a digest that is none is 400',
    run: async (client, repository) => {
      const answer = await client.ask('GET', `/v2/${repository}/referrers/sha256:${'g'.repeat(64)}`);
      expect(answer.status).toBe(400);
    },
  },
];

export const SPEC_CASES: readonly SpecCase[] = [
  ...base,
  ...blobPulls,
  ...ranges,
  ...manifestPulls,
  ...manifestCases,
  ...uploads,
  ...sessions,
  ...mounts,
  ...lists,
  ...referrers,
];

interface Push {
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly repository: string;
  readonly digest: string;
  readonly body: Buffer;
}

async function pushBy(client: SpecClient, { method, repository, digest, body }: Push): Promise<spec.Answer> {
  if (method === 'POST') {
    return client.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
      body,
      headers: { 'Content-Type': 'application/octet-stream' },
    });
  }
  const location = await client.begin(repository);
  if (method === 'PUT') return client.put(location, digest, body);
  return client.put(locationOf(await client.patch(location, body)), digest);
}

async function referrersOf(
  client: SpecClient,
  repository: string,
  { type, digest, size }: Made,
): Promise<Made[]> {
  const empty = await client.blob(repository, '{}');
  const subject = { mediaType: type, digest, size };
  const made = [
    artifact(empty, empty, { subject, annotations: { k: 'v' }, artifactType: 'application/vnd.example.one' }),
    image(empty, undefined, { subject }),
    index([], { subject, artifactType: 'application/vnd.example.two' }),
  ];
  for (const one of made) {
    const put = await client.manifest(repository, one.digest, one);
    expect(put.status).toBe(201);
    expect(put.headers['oci-subject']).toBe(digest);
  }
  return made;
}

/** Follows `Link` from page to page. */
async function pagesOf(
  client: SpecClient,
  path: string,
  namesOf: (page: spec.Answer) => string[],
): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: string | undefined = path; next !== undefined && pages.length < 500;) {
    const page: spec.Answer = await client.expect(200, 'GET', next);
    pages.push(namesOf(page));
    next = /^<(\/v2\/[^>]+)>; rel="next"$/.exec(String(page.headers['link'] ?? ''))?.[1];
  }
  return pages;
}

function artifact(config: string, layer: string, more: object = {}): Made {
  return image(config, layer, {
    artifactType: 'application/vnd.example.thing',
    config: { mediaType: spec.OCI_EMPTY, digest: config, size: 2, data: 'e30=' },
    layers: [{ mediaType: 'application/vnd.example.thing', digest: layer, size: 64 }],
    ...more,
  });
}

function withData(config: string, layer: string): Made {
  return image(config, layer, {
    config: { mediaType: spec.OCI_CONFIG, digest: config, size: 2, data: 'e30=' },
  });
}

function dockerImage(config: string, layer: string): Made {
  const content = {
    schemaVersion: 2,
    mediaType: spec.DOCKER_MANIFEST,
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest: config, size: 2 },
    layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest: layer, size: 64 }],
  };
  return make(content, spec.DOCKER_MANIFEST);
}

function foreign(config: string): Made {
  const types = ['', '+gzip'].map(
    (suffix) => `application/vnd.oci.image.layer.nondistributable.v1.tar${suffix}`,
  );
  const layers = types.map((mediaType) => {
    const digest = digestOf(mediaType);
    return { mediaType, digest, size: 9, urls: [`https://store.example.com/${digest}`] };
  });
  return image(config, undefined, { layers });
}

function large(config: string, layer: string): Made {
  const annotations = Object.fromEntries(
    Array.from({ length: 390 }, (_, at) => [`large-annotation-${at}`, 'A'.repeat(10_000)]),
  );
  return image(config, layer, { annotations });
}
