import { join } from 'node:path';
import { must } from '../test/support/programs.ts';
import { PASSWORD, REPOSITORY, USER } from './fixture.ts';
import type { Blob, Fixture } from './fixture.ts';
import { CIPHER, CURVE } from './small-client.ts';

/** Blobs on their way, by curl. */
export interface LayerWork {
  readonly blob: Blob;
  readonly clients: number;
  /** By each client, one after the other. */
  readonly times: number;
}

const MOST_SECONDS = 300;

/** Each client pulls the blob so often over one connection. Throws where a byte is missing. */
export async function pull(fixture: Fixture, port: number, work: LayerWork): Promise<void> {
  const { blob, clients, times } = work;
  const url = `https://127.0.0.1:${port}/v2/${REPOSITORY}/blobs/${blob.digest}`;
  const one = `url = "${url}"\noutput = "/dev/null"\n`;
  const config = `write-out = "%{http_code} %{size_download}\\n"\n${one.repeat(times)}`;
  const expected = Array.from({ length: times }, () => `200 ${blob.bytes}`).join('\n');
  await together(clients, async () => {
    const said = await curl(fixture, config);
    if (said !== expected) throw new Error(`a pull from port ${port} ended with ${said}`);
  });
}

/** Each client pushes the blob so often, as docker does: POST, one PATCH with all bytes, PUT with the digest. */
export async function push(fixture: Fixture, port: number, work: LayerWork): Promise<void> {
  await together(work.clients, async () => {
    for (let at = 0; at < work.times; at += 1) await pushOnce(fixture, port, work.blob);
  });
}

async function pushOnce(fixture: Fixture, port: number, { path, digest }: Blob): Promise<void> {
  const origin = `https://127.0.0.1:${port}`;
  const start = await step(fixture, origin, {
    config: `url = "${origin}/v2/${REPOSITORY}/blobs/uploads/"\nrequest = "POST"\n`,
    status: 202,
  });
  // curl would ask for leave first, which docker does not.
  const bytes = `header = "Content-Type: application/octet-stream"\nheader = "Expect:"\n`;
  const next = await step(fixture, origin, {
    config: `url = "${start}"\nrequest = "PATCH"\nupload-file = "${path}"\n${bytes}`,
    status: 202,
  });
  const end = `${next}${next.includes('?') ? '&' : '?'}digest=${digest}`;
  await step(fixture, origin, {
    config: `url = "${end}"\nrequest = "PUT"\ndata = ""\nheader = "Content-Type:"\n`,
    status: 201,
  });
}

/** One request; resolves to the place that its answer names. */
async function step(
  fixture: Fixture,
  origin: string,
  { config, status }: { readonly config: string; readonly status: number },
): Promise<string> {
  const said = await curl(
    fixture,
    `${config}output = "/dev/null"\nwrite-out = "%{http_code} %header{location}"\n`,
  );
  const [got, location = ''] = said.split(' ');
  if (Number(got) !== status) throw new Error(`a push to ${origin} was answered with ${got}`);
  // A registry behind a proxy that names the wrong scheme or port is none of our concern here.
  const { pathname, search } = new URL(location, origin);
  return `${origin}${pathname}${search}`;
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

async function together(clients: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: clients }, work));
}
