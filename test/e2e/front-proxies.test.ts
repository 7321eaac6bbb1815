import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { certificatePaths } from '../../src/pki/authority/cert-store.ts';
import type { Config } from '../../src/config/schema/schema.ts';
import { askThrough } from '../support/front.ts';
import { startDaemon, temporaryFolder, until } from '../support/programs.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { headerOf } from '../support/wire.ts';

const CLIENT = '127.0.0.77';
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

interface Scene {
  readonly gate: TestGate;
  readonly backend: RecordingBackend;
  readonly folder: string;
  /** For the front to listen on. */
  readonly port: number;
}

async function stage(protocol: Config['frontProxies']['protocol']): Promise<Scene> {
  const backend = await startRecordingBackend();
  open.push(backend);
  const frontProxies = { networks: ['127.0.0.1'], protocol };
  const gate = await startTestGate({ backend: backend.url, config: { frontProxies } });
  open.push(gate);
  const folder = await temporaryFolder('front');
  open.push(folder);
  return { gate, backend, folder: folder.path, port: await freePort() };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Starts the front, and asks through it as a client with an address of its own, until it serves. */
async function clientAsTold(
  { gate, backend, port }: Scene,
  program: string,
  args: readonly string[],
): Promise<{ readonly backend: string | undefined; readonly log: unknown }> {
  const daemon = startDaemon(program, args);
  open.push(daemon);
  const ask = askThrough.bind(undefined, { ...gate, port });
  const answers = await until(
    () => ask({ from: CLIENT, lines: ['X-Forwarded-For: 203.0.113.99'] }).catch(() => undefined),
    () => `no answer through ${program}:\n${daemon.log.join('\n')}`,
  );
  expect(answers.map(({ status }) => status)).toEqual([200]);
  const request = backend
    .take()
    .flatMap(({ requests }) => requests)
    .at(-1);
  const line = gate.log.map((text) => JSON.parse(text)).findLast(({ msg }) => msg === 'request');
  return { backend: request && headerOf(request, 'x-forwarded-for'), log: line?.address };
}

describeWith(['haproxy'], 'R44: behind HAProxy', () => {
  it.each(['send-proxy', 'send-proxy-v2'])('with %s the client is known', async (option) => {
    const scene = await stage('proxy-protocol');
    const file = join(scene.folder, 'haproxy.cfg');
    const settings = [
      'defaults',
      '  mode tcp',
      '  timeout connect 10s',
      '  timeout client 60s',
      '  timeout server 60s',
      'frontend registry',
      `  bind 127.0.0.1:${scene.port}`,
      '  default_backend gate',
      'backend gate',
      `  server gate 127.0.0.1:${scene.gate.port} ${option} check`,
    ];
    await writeFile(file, `${settings.join('\n')}\n`);
    expect(await clientAsTold(scene, 'haproxy', ['-db', '-f', file])).toEqual({
      backend: CLIENT,
      log: CLIENT,
    });
    expect(scene.gate.log.filter((line) => /front proxy .* was refused/.test(line))).toEqual([]);
  });
});

describeWith(['nginx'], 'R44: behind nginx', () => {
  it('that ends TLS, the client is known by X-Forwarded-For', async () => {
    const scene = await stage('x-forwarded-for');
    const paths = certificatePaths(scene.gate.certs);
    await configureNginx(scene, [
      `access_log off; client_body_temp_path ${scene.folder}; proxy_temp_path ${scene.folder};`,
      `fastcgi_temp_path ${scene.folder}; uwsgi_temp_path ${scene.folder}; scgi_temp_path ${scene.folder};`,
      `server { listen 127.0.0.1:${scene.port} ssl;`,
      `  ssl_certificate ${paths.certificate}; ssl_certificate_key ${paths.key};`,
      '  location / {',
      `    proxy_pass https://127.0.0.1:${scene.gate.port};`,
      `    proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_trusted_certificate ${paths.authorityCertificate};`,
      '    proxy_http_version 1.1; proxy_set_header Connection "";',
      '    proxy_set_header Host $http_host;',
      '    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
      '  }',
      '}',
    ]);
    const told = await clientAsTold(scene, 'nginx', [
      '-c',
      join(scene.folder, 'nginx.conf'),
      '-p',
      scene.folder,
    ]);
    expect(told).toEqual({ backend: CLIENT, log: CLIENT });
  });
});

const STREAM_NEEDS = ['nginx', ...(existsSync(STREAM_MODULE) ? [] : ['libnginx-mod-stream'])];

describeWith(STREAM_NEEDS, 'R44: behind nginx as a stream', () => {
  it('with proxy_protocol the client is known', async () => {
    const scene = await stage('proxy-protocol');
    const server = `listen 127.0.0.1:${scene.port}; proxy_pass 127.0.0.1:${scene.gate.port}; proxy_protocol on;`;
    await configureNginx(scene, [`server { ${server} }`], 'stream');
    const told = await clientAsTold(scene, 'nginx', [
      '-c',
      join(scene.folder, 'nginx.conf'),
      '-p',
      scene.folder,
    ]);
    expect(told).toEqual({ backend: CLIENT, log: CLIENT });
  });
});

/** Writes its configuration. */
async function configureNginx(
  { folder }: Scene,
  lines: readonly string[],
  kind: 'http' | 'stream' = 'http',
): Promise<void> {
  const head = [
    ...(kind === 'stream' ? [`load_module ${STREAM_MODULE};`] : []),
    'daemon off;',
    `pid ${join(folder, 'nginx.pid')};`,
    'error_log stderr;',
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'events {}',
  ];
  await writeFile(join(folder, 'nginx.conf'), [...head, `${kind} {`, ...lines, '}', ''].join('\n'));
}
