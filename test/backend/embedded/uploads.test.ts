import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Watched } from '../../../src/lib/streams/idle-watch.ts';
import { temporaryFolder, until, type Folder } from '../../support/programs.ts';
import { filesIn, storedBlobs, V2 } from './layout.ts';
import { serveEmbedded, type TestServer } from './server.ts';
import { codeOf, digestOf, locationOf, SpecClient, withQuery } from './spec-client.ts';

const REPOSITORY = 'team/app';

describe('uploads', () => {
  let folder: Folder;
  let server: TestServer;
  let client: SpecClient;
  let closers: (() => Promise<void>)[];

  beforeEach(async () => {
    folder = await temporaryFolder('uploads');
    server = await serveEmbedded(folder.path);
    client = new SpecClient(server.url);
    closers = [];
  });
  afterEach(async () => {
    client.close();
    for (const close of closers) await close();
    await server.close();
    await folder.close();
  });

  /** A second registry on the same folder: another process, as far as memory goes. */
  async function second(): Promise<SpecClient> {
    const other = await serveEmbedded(folder.path);
    const otherClient = new SpecClient(other.url);
    closers.push(async () => {
      otherClient.close();
      await other.close();
    });
    return otherClient;
  }

  /** Sends a part of a body and breaks the connection off once the registry has it. */
  async function breakOff(method: string, location: string, part: Buffer): Promise<void> {
    const { received } = server.counted;
    const req = request(new URL(location, server.url), {
      method,
      headers: { 'Content-Length': part.length + 1000, 'Content-Type': 'application/octet-stream' },
    });
    req.on('error', () => undefined);
    req.write(part);
    await until(
      () => (server.counted.received >= received + part.length ? true : undefined),
      () => 'the registry did not get the part',
    );
    req.destroy();
  }

  async function sizeAt(location: string): Promise<string> {
    return String((await client.expect(204, 'GET', location)).headers['range']);
  }

  it('keeps what came before a client broke a PATCH off', async () => {
    const bytes = randomBytes(300_000);
    const location = await client.begin(REPOSITORY);
    await breakOff('PATCH', location, bytes.subarray(0, 200_000));
    await until(
      async () => ((await sizeAt(location)) === '0-199999' ? true : undefined),
      () => 'the part was not kept',
    );
    const patch = await client.patch(location, bytes.subarray(200_000), '200000-299999');
    expect(patch.status).toBe(202);
    expect((await client.put(locationOf(patch), digestOf(bytes))).status).toBe(201);
  });

  it('is what it was before a client broke a PUT off', async () => {
    const bytes = randomBytes(300_000);
    const patch = await client.patch(await client.begin(REPOSITORY), bytes.subarray(0, 100_000));
    const location = locationOf(patch);
    await breakOff('PUT', withQuery(location, `digest=${digestOf(bytes)}`), bytes.subarray(100_000, 250_000));
    await until(
      async () => ((await sizeAt(location)) === '0-99999' ? true : undefined),
      () => 'the upload is not what it was',
    );
    expect((await client.put(location, digestOf(bytes), bytes.subarray(100_000))).status).toBe(201);
  });

  it('leaves nothing of a POST that was broken off', async () => {
    const bytes = randomBytes(300_000);
    await breakOff(
      'POST',
      `/v2/${REPOSITORY}/blobs/uploads/?digest=${digestOf(bytes)}`,
      bytes.subarray(0, 9000),
    );
    await until(
      async () => ((await filesIn(folder.path)).length === 0 ? true : undefined),
      () => 'something is left',
    );
    expect(await storedBlobs(folder.path)).toEqual([]);
  });

  it.each([
    { name: 'sha256', algorithm: 'sha256' as const },
    { name: 'sha512', algorithm: 'sha512' as const },
  ])('goes on in another process ($name)', async ({ algorithm }) => {
    const bytes = randomBytes(1_500_000);
    const other = await second();
    let location = await client.begin(REPOSITORY);
    for (const [at, who] of [client, other, client].entries()) {
      const patch = await who.patch(location, bytes.subarray(at * 500_000, (at + 1) * 500_000));
      expect(patch.headers['range']).toBe(`0-${(at + 1) * 500_000 - 1}`);
      location = locationOf(patch);
    }
    const digest = digestOf(bytes, algorithm);
    expect((await other.put(location, digest)).status).toBe(201);
    expect((await client.expect(200, 'GET', `/v2/${REPOSITORY}/blobs/${digest}`)).body.equals(bytes)).toBe(
      true,
    );
    expect((await client.put(location, digest)).status).toBe(404);
  });

  it('C8: tells an empty upload from one of a byte', async () => {
    const location = await client.begin(REPOSITORY);
    const empty = await client.expect(204, 'GET', location);
    expect([empty.headers.range, empty.headers['upload-offset']]).toEqual(['0-0', '0']);
    const { headers } = await client.expect(204, 'GET', locationOf(await client.patch(location, 'x')));
    expect([headers.range, headers['upload-offset']]).toEqual(['0-0', '1']);
  });

  it('remembers the algorithm that was asked for at the beginning', async () => {
    const bytes = randomBytes(1000);
    const location = await client.begin(REPOSITORY, '?digest-algorithm=sha512');
    expect(location).toContain('digest-algorithm=sha512');
    const patch = await client.patch(location, bytes);
    expect((await client.put(locationOf(patch), digestOf(bytes, 'sha512'))).status).toBe(201);
    await client.expect(400, 'POST', `/v2/${REPOSITORY}/blobs/uploads/?digest-algorithm=md5`);
  });

  it('writes for one request at a time, of two processes too', async () => {
    const other = await second();
    const bytes = randomBytes(40_000);
    const location = await client.begin(REPOSITORY);
    const answers = await Promise.all(
      [client, other, client, other].map((who) => who.patch(location, bytes, '0-39999')),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 416, 416, 416]);
    expect((await client.put(location, digestOf(bytes))).status).toBe(201);
    expect((await storedBlobs(folder.path)).map(({ whole }) => whole)).toEqual([true]);
  });

  it('ends once, whoever ends it', async () => {
    const other = await second();
    const bytes = randomBytes(40_000);
    const location = locationOf(await client.patch(await client.begin(REPOSITORY), bytes));
    const answers = await Promise.all(
      [client, other, client, other].map((who) => who.put(location, digestOf(bytes))),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 404, 404, 404]);
  });

  it('leaves no session behind', async () => {
    await client.blob(REPOSITORY);
    const wrong = await client.put(await client.begin(REPOSITORY), digestOf('else'), 'some');
    expect(codeOf(wrong)).toBe('DIGEST_INVALID');
    expect(await readdir(join(folder.path, V2, `repositories/${REPOSITORY}`))).toEqual(['_layers']);
    expect(await readdir(join(folder.path, V2, '.uploads'))).toEqual([]);
    expect(await readdir(join(folder.path, V2, '.staging'))).toEqual([]);
  });

  it('asks for the body with 100 Continue, and not for one that it refuses', async () => {
    const ask = (location: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(server.url);
        const socket = connect(Number(port), '127.0.0.1');
        socket.write(
          `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
        );
        let text = '';
        socket.setEncoding('utf8').on('data', (data: string) => {
          text += data;
          if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write('some');
          else socket.end();
        });
        socket.on('close', () => resolve(text));
        socket.on('error', reject);
      });
    expect(await ask(await client.begin(REPOSITORY))).toMatch(
      /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 202 /,
    );
    const unknown = `/v2/${REPOSITORY}/blobs/uploads/00000000-0000-0000-0000-000000000000`;
    expect(await ask(unknown)).toMatch(/^HTTP\/1.1 404 /);
  });

  it('is cut when the body stops moving, and keeps what came', async () => {
    const watched = new Set<Watched>();
    const idle = {
      add: (one: Watched) => void watched.add(one),
      remove: (one: Watched) => void watched.delete(one),
    };
    const watchedServer = await serveEmbedded(folder.path, { idle });
    closers.push(() => watchedServer.close());
    const location = await client.begin(REPOSITORY);
    const answer = new Promise<number>((resolve) => {
      const req = request(new URL(location, watchedServer.url), {
        method: 'PATCH',
        headers: { 'Content-Length': 5000 },
      });
      req.on('error', () => undefined);
      req.on('response', (res) => resolve(res.resume().statusCode ?? 0));
      req.write('some');
    });
    const [transfer] = await until(
      () => (watchedServer.counted.received === 4 && watched.size === 1 ? [...watched] : undefined),
      () => 'nothing is watched',
    );
    expect(transfer?.progress().waitingFor).toBe('client-body');
    transfer?.expire('client-body');
    expect(await answer).toBe(408);
    expect(await sizeAt(location)).toBe('0-3');
    await until(
      () => (watched.size === 0 ? true : undefined),
      () => 'the transfer is still watched',
    );
  });
});
