/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { parentPort, workerData } from 'node:worker_threads';
import { Agent, request } from 'node:https';
import type { OutgoingHttpHeaders } from 'node:http';
import { costlyManifests } from './costly-manifests.ts';
import { digestOf, image, OCI_INDEX } from './spec-client.ts';

/** The clients of `loop-turns.heavy.test.ts`, in a thread of their own: what they cost is not the gate's. */

interface Wanted {
  readonly port: number;
  readonly ca: string;
  readonly authorization: string;
}

interface Answer {
  readonly status: number;
  readonly link: string | undefined;
  readonly body: Buffer;
}

const { port, ca, authorization } = workerData as Wanted;
const agent = new Agent({ keepAlive: true, maxSockets: 16, ca });

function ask(
  method: string,
  path: string,
  body?: Buffer | string,
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length =
      method === 'GET' || method === 'HEAD' ? {} : { 'Content-Length': Buffer.byteLength(body ?? '') };
    const options = { host: '127.0.0.1', port, method, path, agent };
    const req = request({ ...options, headers: { authorization, ...length, ...headers } }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const { link } = res.headers;
        const text = Array.isArray(link) ? link.join() : link;
        resolve({ status: res.statusCode ?? 0, link: text, body: Buffer.concat(chunks) });
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

async function blob(repository: string, bytes: string): Promise<string> {
  const digest = digestOf(bytes);
  await ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, bytes);
  return digest;
}

const put = (reference: string, body: Buffer, query = ''): Promise<Answer> =>
  ask('PUT', `/v2/team/app/manifests/${reference}${query}`, body, { 'Content-Type': 'application/json' });

/** Follows links, up to so many. */
async function pages(path: string, most: number): Promise<number> {
  let next: string | undefined = path;
  let seen = 0;
  for (; next !== undefined && seen < most; seen += 1) {
    const { link }: Answer = await ask('GET', next);
    next = /<([^>]*)>/.exec(link ?? '')?.[1];
  }
  return seen;
}

const SUBJECT = digestOf('a subject');

/** What each phase does, and resolves to in words. */
const PHASES: Readonly<Record<string, () => Promise<string>>> = {
  'manifests at their limits': async () => {
    const statuses: string[] = [];
    for (const [name, bytes] of costlyManifests(SUBJECT)) {
      const { status } = await put('tag', bytes);
      await put(digestOf(bytes, 'sha512'), bytes);
      statuses.push(`${name} ${status}`);
    }
    return statuses.join(', ');
  },
  'many large manifests at once': async () => {
    const all = costlyManifests(SUBJECT).flatMap(([, bytes]) => [put('a', bytes), put('b', bytes)]);
    return `${(await Promise.all(all)).length} answers`;
  },
  'large manifests, read': async () => {
    let bytes = 0;
    const digests = costlyManifests(SUBJECT).map(([, manifest]) => digestOf(manifest));
    for (const digest of [...digests, ...digests])
      bytes += (await ask('GET', `/v2/team/app/manifests/${digest}`)).body.length;
    await Promise.all(digests.map((digest) => ask('HEAD', `/v2/team/app/manifests/${digest}`)));
    return `${bytes} bytes`;
  },
  'an image of ten thousand layers': async () => {
    const config = await blob('team/app', '{}');
    const layers = Array.from({ length: 10_000 }, (_, at) => ({
      digest: at === 9999 ? SUBJECT : digestOf(`${at % 50}`),
    }));
    for (let at = 0; at < 50; at += 1) await blob('team/app', `${at}`);
    const { status } = await put('layers', Buffer.from(image(config, undefined, { layers }).bytes));
    return String(status);
  },
  'a hundred tags at once': async () => {
    const tags = Array.from({ length: 100 }, (_, at) => `tag=t${at}`).join('&');
    const bytes = Buffer.from(`{"schemaVersion":2,"mediaType":"${OCI_INDEX}"}`);
    return String((await put(digestOf(bytes), bytes, `?${tags}`)).status);
  },
  'referrers, large and many': async () => {
    const annotations = Object.fromEntries(
      Array.from({ length: 9000 }, (_, at) => [`key-${at}`, 'v'.repeat(90)]),
    );
    for (let at = 0; at < 20; at += 1) {
      const text = {
        schemaVersion: 2,
        subject: { digest: SUBJECT },
        annotations: { ...annotations, at: `${at}` },
        x: 'x'.repeat(3e6),
      };
      await put(`large-${at}`, Buffer.from(JSON.stringify(text)));
    }
    const small = Array.from({ length: 1500 }, (_, at) =>
      Buffer.from(`{"schemaVersion":2,"subject":{"digest":"${SUBJECT}"},"annotations":{"at":"${at}"}}`),
    );
    for (let at = 0; at < small.length; at += 50)
      await Promise.all(small.slice(at, at + 50).map((bytes) => put(digestOf(bytes), bytes)));
    const path = `/v2/team/app/referrers/${SUBJECT}`;
    const [first] = await Promise.all([
      pages(path, 1000),
      pages(path, 1000),
      pages(`${path}?artifactType=a`, 1000),
    ]);
    return `${first} pages`;
  },
  'tags of a repository of a hundred thousand': async () => {
    const path = '/v2/team/many/tags/list';
    const all = await Promise.all(Array.from({ length: 4 }, () => ask('GET', path)));
    await pages(`${path}?n=1000`, 20);
    await ask('GET', `${path}?n=100000&last=t5`);
    await ask('DELETE', `/v2/team/many/manifests/${digestOf('none')}`);
    return `${all[0]?.body.length} bytes`;
  },
  'the catalog of twenty thousand': async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => ask('GET', '/v2/_catalog?n=1000')));
    await pages('/v2/_catalog?n=1000', 10);
    return `${all[0]?.body.length} bytes`;
  },
  'requests for tokens': async () => {
    const scopes = Array.from(
      { length: 100 },
      (_, at) => `scope=repository:${'a'.repeat(20)}/${at}:pull,push`,
    ).join('&');
    const form = Array.from({ length: 12_000 }, (_, at) => `a${at}=`)
      .join('&')
      .slice(0, 64 * 1024);
    const urlencoded = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const statuses = [
      await ask('GET', `/token?service=registry&${scopes}`),
      await ask('POST', '/token', form, urlencoded),
      await ask('POST', '/token', `grant_type=password&${scopes}`, urlencoded),
      await ask('GET', '/token', undefined, {
        authorization: `Basic ${Buffer.alloc(12_000, 'a').toString('base64')}`,
      }),
    ].map(({ status }) => status);
    return statuses.join();
  },
  'odd conditions and queries': async () => {
    const digest = await blob('team/app', 'a blob');
    const path = `/v2/team/app/blobs/${digest}`;
    const long = { 'If-None-Match': '"a",'.repeat(2000), Range: `bytes=${'0-0,'.repeat(1500)}1-2` };
    const statuses = [
      await ask('GET', path, undefined, long),
      await ask('GET', `/v2/team/app/tags/list?${'a=b&'.repeat(2000)}`),
      await ask('GET', `/v2/${'a/'.repeat(120)}a/tags/list`),
      await ask('POST', `/v2/team/app/blobs/uploads/?mount=${digest}&from=${'b/'.repeat(100)}b`, ''),
    ].map(({ status }) => status);
    return statuses.join();
  },
};

parentPort?.on('message', (phase: string) => {
  const work = PHASES[phase] ?? (() => Promise.reject(new Error(`no such phase: ${phase}`)));
  work().then(
    (words) => parentPort?.postMessage({ words }),
    (error: unknown) => parentPort?.postMessage({ words: '', error: String(error) }),
  );
});
parentPort?.postMessage({ words: Object.keys(PHASES).join('\n') });
