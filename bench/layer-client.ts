import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { must } from '../test/support/programs.ts';
import { authorityOf, MIB, PASSWORD, REPOSITORY, USER, type Blob, type Fixture } from './fixture.ts';
import { AUTHORIZATION, CIPHER, CURVE } from './small-client.ts';

/** Blobs on their way. */
export interface LayerWork {
  readonly blob: Blob;
  readonly clients: number;
  /** By each client, one after the other. */
  readonly times: number;
}

const MOST_SECONDS = 300;
/** What is not larger is sent from memory. */
const MOST_HELD = 16 * MIB;

/** Each client pulls the blob so often over one connection. Throws where a byte is missing. */
export async function pull(fixture: Fixture, port: number, work: LayerWork): Promise<void> {
  const { blob, clients, times } = work;
  const url = `https://127.0.0.1:${port}/v2/${REPOSITORY}/blobs/${blob.digest}`;
  const one = `url = "${url}"\noutput = "/dev/null"\n`;
  const config = `write-out = "%{http_code} %{size_download}\\n"\n${one.repeat(times)}`;
  const expected = Array.from({ length: times }, () => `200 ${blob.bytes}`).join('\n');
  await cluster(clients, async () => {
    const said = await curl(fixture, config);
    if (said !== expected) throw new Error(`a pull from port ${port} ended with ${said}`);
  });
}

/** Each client pushes the blob so often, as docker does: POST, one PATCH with all bytes, PUT with the digest. */
export async function push(fixture: Fixture, port: number, work: LayerWork): Promise<void> {
  const ca = await authorityOf(fixture);
  const { blob } = work;
  const small = blob.bytes <= MOST_HELD ? await readFile(blob.path) : undefined;
  await cluster(work.clients, async () => {
    const agent = new Agent({ ca, keepAlive: true, maxSockets: 1, ciphers: CIPHER, ecdhCurve: CURVE });
    const ask = (call: Call): Promise<string> => step(agent, port, call);
    for (let at = 0; at < work.times; at += 1) {
      const start = await ask({ method: 'POST', target: `/v2/${REPOSITORY}/blobs/uploads/`, status: 202 });
      const next =
        small === undefined
          ? await patchByCurl(fixture, port, { target: start, path: blob.path })
          : await ask({ method: 'PATCH', target: start, status: 202, body: small });
      const target = `${next}${next.includes('?') ? '&' : '?'}digest=${blob.digest}`;
      await ask({ method: 'PUT', target, status: 201 });
    }
    agent.destroy();
  });
}

interface Call {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly body?: Buffer;
}

/** One request over the kept connection; resolves to the path that its answer names. */
function step(agent: Agent, port: number, { method, target, status, body }: Call): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: AUTHORIZATION, 'content-length': body?.length ?? 0 };
    const asked = request({ agent, host: '127.0.0.1', port, method, path: target, headers }, (answer) => {
      answer.on('error', reject).on('end', () => {
        if (answer.statusCode === status) resolve(pathOf(answer.headers.location ?? ''));
        else reject(new Error(`${method} ${target}: ${answer.statusCode} where ${status} is expected`));
      });
      answer.resume();
    });
    asked.setTimeout(MOST_SECONDS * 1000, () => asked.destroy(new Error(`${method}: no answer`)));
    asked.once('error', reject);
    asked.end(body);
  });
}

/** curl costs the machine less than Node would, and opens a connection for it, which is nothing beside a large layer. */
async function patchByCurl(
  fixture: Fixture,
  port: number,
  { target, path }: { readonly target: string; readonly path: string },
): Promise<string> {
  const said = await curl(
    fixture,
    [
      `url = "https://127.0.0.1:${port}${target}"\nrequest = "PATCH"\nupload-file = "${path}"`,
      // curl would ask for leave first, which docker does not.
      'header = "Content-Type: application/octet-stream"\nheader = "Expect:"',
      'output = "/dev/null"\nwrite-out = "%{http_code} %header{location}"\n',
    ].join('\n'),
  );
  const [got, location = ''] = said.split(' ');
  if (got !== '202') throw new Error(`a push to port ${port} was answered with ${got}`);
  return pathOf(location);
}

/** Where a proxy names the wrong scheme or port is none of our concern here. */
function pathOf(location: string): string {
  const { pathname, search } = new URL(location, 'https://127.0.0.1');
  return `${pathname}${search}`;
}

function curl({ certs }: Fixture, config: string): Promise<string> {
  const options = [
    `user = "${USER}:${PASSWORD}"`,
    `cacert = "${join(certs, 'ca.crt')}"`,
    `tls13-ciphers = "${CIPHER}"`,
    `curves = "${CURVE}"`,
    `max-time = ${MOST_SECONDS}`,
    'http1.1\nsilent\nshow-error\n',
  ];
  return must('curl', ['-q', '-K', '-'], { input: `${options.join('\n')}${config}` });
}

async function cluster(clients: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: clients }, work));
}
