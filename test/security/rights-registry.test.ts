import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/programs.ts';
import type { RawAnswer } from '../support/raw-client.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { as, askGate, writeUsers, type Sent } from './rights-fixture.ts';

const RULES = `rules:
  - { who: alice, repositories: '**', allow: [pull, push, delete] }
  - { who: bob, repositories: 'mine/**', allow: [pull, push] }
  - { who: bob, repositories: 'base/*', allow: pull }
`;
const REPOSITORIES = ['base/os', 'mine/app', 'mine/web', 'secret/a', 'secret/b', 'z/hidden'];
const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const SECRET = digestOf('secret/a');
const BINARY = { fields: ['Content-Type: application/octet-stream'] };

interface Backend {
  readonly url: string;
  close(): Promise<void>;
}

/** What must hold with every registry behind the gate: here the answers are its own. */
function holdsRights(open: () => Promise<Backend>): void {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let backend: Backend;
  let gate: TestGate;
  const ask = (line: string, user: string, more?: Sent): Promise<RawAnswer> =>
    askGate(gate, line, as(user), more);

  beforeAll(async () => {
    folder = await temporaryFolder('rights');
    backend = await open();
    await writeUsers(folder.path, ['alice', 'bob']);
    const access = join(folder.path, 'access.yml');
    await writeFile(access, RULES);
    const users = join(folder.path, 'htpasswd');
    gate = await startTestGate({ backend: backend.url, config: { access, users, state: folder.path } });
    for (const name of REPOSITORIES) {
      const place = await beginUpload(name, 'alice');
      const { status } = await ask(`PUT ${withDigest(place, digestOf(name))}`, 'alice', {
        ...BINARY,
        body: name,
      });
      if (status !== 201) throw new Error(`${name}: ${status}`);
    }
  });
  afterAll(async () => {
    await gate?.close();
    await backend?.close();
    await folder?.close();
  });

  async function beginUpload(name: string, user: string): Promise<string> {
    const { status, header } = await ask(`POST /v2/${name}/blobs/uploads/`, user);
    if (status !== 202) throw new Error(`no upload: ${status}`);
    return header('location') ?? '';
  }
  const withDigest = (place: string, digest: string): string =>
    `${place}${place.includes('?') ? '&' : '?'}digest=${digest}`;

  it('does not let an upload of one repository be gone on with in another', async () => {
    const place = await beginUpload('secret/a', 'alice');
    const moved = place.replace('/v2/secret/a/', '/v2/mine/app/');
    for (const line of [`PATCH ${moved}`, `PUT ${withDigest(moved, digestOf('x'))}`])
      expect([400, 404]).toContain((await ask(line, 'bob', { ...BINARY, body: 'x' })).status);
    for (const line of [`GET ${moved}`, `DELETE ${moved}`])
      expect([400, 404]).toContain((await ask(line, 'bob')).status);
    for (const line of [`PATCH ${place}`, `GET ${place}`, `DELETE ${place}`])
      expect((await ask(line, 'bob')).status).toBe(403);
    const { status } = await ask(`PUT ${withDigest(place, digestOf('still'))}`, 'alice', {
      ...BINARY,
      body: 'still',
    });
    expect(status).toBe(201);
  });

  it('mounts what may be pulled; asks for the rest itself, and hands out nothing of it', async () => {
    const mount = (digest: string, from: string): string =>
      `POST /v2/mine/app/blobs/uploads/?mount=${digest}&from=${from}`;
    expect((await ask(mount(digestOf('base/os'), 'base/os'), 'bob')).status).toBe(201);
    expect((await ask(`GET /v2/mine/app/blobs/${digestOf('base/os')}`, 'bob')).body).toBe('base/os');
    for (const from of ['secret/a', 'secret/none']) {
      const answer = await ask(mount(SECRET, from), 'bob');
      expect([answer.status, answer.header('location')?.startsWith('/v2/mine/app/blobs/uploads/')]).toEqual([
        202,
        true,
      ]);
    }
    expect((await ask(`POST /v2/mine/app/blobs/uploads/?mount=${SECRET}`, 'bob')).status).toBe(202);
    expect((await ask(`GET /v2/mine/app/blobs/${SECRET}`, 'bob')).status).toBe(404);
    expect(
      (await ask(mount(SECRET, 'secret/a').replace('/mine/app/', '/mine/alices/'), 'alice')).status,
    ).toBe(201);
  });

  it('gives no blob away to who knows its digest: by an empty upload, by a manifest', async () => {
    const place = await beginUpload('mine/web', 'bob');
    expect((await ask(`PUT ${withDigest(place, SECRET)}`, 'bob')).status).toBe(400);
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const part = { mediaType: 'application/octet-stream', digest: SECRET, size: 'secret/a'.length };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config: part, layers: [part] });
    const fields = [`Content-Type: ${type}`];
    const { status } = await ask('PUT /v2/mine/web/manifests/1', 'bob', { fields, body: manifest });
    expect([400, 404]).toContain(status);
    for (const line of [`HEAD /v2/mine/web/blobs/${SECRET}`, 'GET /v2/mine/web/manifests/1'])
      expect((await ask(line, 'bob')).status).toBe(404);
  });

  it.each(['?n=1', '?n=2', '?n=3', ''])('walks its catalog with %j', async (query) => {
    const found: string[] = [];
    for (let target: string | undefined = `/v2/_catalog${query}`; target !== undefined;) {
      const { status, body, header } = await ask(`GET ${target}`, 'bob');
      expect(status).toBe(200);
      found.push(...JSON.parse(body).repositories);
      expect(header('link') ?? '').not.toMatch(/secret|hidden/);
      target = /^<([^>]+)>/.exec(header('link') ?? '')?.[1];
    }
    expect(found.filter((name) => name !== 'mine/alices')).toEqual(['base/os', 'mine/app', 'mine/web']);
  });
}

describe('the registry inside', () => {
  holdsRights(async () => {
    const folder = await temporaryFolder('embedded');
    return { url: `embedded:${folder.path}`, close: folder.close };
  });
});

describeWith(['docker-registry'], 'docker-registry', () => {
  holdsRights(startRegistry);
});
