import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { askThrough } from '../support/front.ts';
import { makeCerts, PASSWORD, startGate, USER } from '../support/gate-process.ts';
import { blobsOf, writeImage } from '../support/images.ts';
import { must, startDaemon, temporaryFolder, until } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate } from '../support/test-gate.ts';

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

async function folderOf(name: string): Promise<string> {
  const folder = await temporaryFolder(name);
  open.push(folder);
  return folder.path;
}

describeWith(['docker-registry', 'htpasswd', 'skopeo'], 'docker-registry with a password of its own', () => {
  it('is served with --backend-user: skopeo pushes and pulls the same bytes', async () => {
    const folder = await folderOf('login');
    const path = join(folder, 'registry.htpasswd');
    await must('htpasswd', ['-B', '-C', '4', '-c', '-i', path, 'gate'], { input: 'Inner-S3cret\n' });
    const registry = await startRegistry(undefined, 0, { auth: { htpasswd: { realm: 'inner', path } } });
    open.push(registry);
    const certs = join(folder, 'certs');
    await makeCerts(certs, ['127.0.0.1']);
    const secret = join(folder, 'password');
    await writeFile(secret, 'Inner-S3cret\n', { mode: 0o600 });
    const gate = await startGate({
      certs,
      backend: registry.url,
      args: ['--backend-user', 'gate'],
      env: { REGISTRY_GATE_BACKEND_PASSWORD_FILE: secret },
    });
    open.push(gate);
    const image = await writeImage(join(folder, 'image'), 1);
    const login = `${USER}:${PASSWORD}`;
    const trust = join(folder, 'trust');
    await must('install', ['-D', '-m', '644', join(certs, 'ca.crt'), join(trust, 'ca.crt')]);
    const there = `docker://${gate.name}/team/app:1`;
    const target = ['--dest-cert-dir', trust, '--dest-creds', login];
    await must('skopeo', ['copy', ...target, `oci:${image.layout}:1`, there]);
    const back = join(folder, 'back');
    await must('skopeo', ['copy', '--src-cert-dir', trust, '--src-creds', login, there, `oci:${back}:1`]);
    expect(await blobsOf(back)).toEqual(await blobsOf(image.layout));
    expect(gate.log.join('\n')).not.toContain('Inner-S3cret');
  });
});

describeWith(['nginx', 'docker-registry'], 'nginx in front of the registry', () => {
  async function freePort(): Promise<number> {
    return new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
    });
  }

  /** nginx with these server blocks; `PORT` stands for a free port. */
  async function startNginx(servers: string): Promise<number> {
    const folder = await folderOf('nginx');
    const port = await freePort();
    const lines = [
      'daemon off; worker_processes 1; error_log stderr;',
      `pid ${folder}/nginx.pid; events {}`,
      `http { access_log off; client_max_body_size 0; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;`,
      `fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;`,
      servers.replaceAll('PORT', `127.0.0.1:${port}`),
      '}',
    ];
    const file = join(folder, 'nginx.conf');
    await writeFile(file, lines.join('\n'));
    open.push(startDaemon('nginx', ['-c', file, '-e', 'stderr']));
    return port;
  }

  async function readiness(backend: string, config: object = {}): Promise<string> {
    const gate = await startTestGate({ backend, config });
    open.push(gate);
    const ask = () => askThrough(gate, { target: 'GET /readyz HTTP/1.1' });
    // nginx may take its time to listen.
    return until(
      async () => {
        const [answer] = await ask();
        return answer === undefined || /refused/.test(answer.body) ? undefined : answer.body.trim();
      },
      () => gate.log.join('\n'),
    );
  }

  it('that serves the registry for one Host alone needs backendHost; the page of its default server says so', async () => {
    const registry = await startRegistry();
    open.push(registry);
    const port = await startNginx(`
      server { listen PORT default_server; return 404; }
      server { listen PORT; server_name registry.internal; location / { proxy_pass ${registry.url}; } }`);
    expect(await readiness(`http://127.0.0.1:${port}`)).toMatch(/404 with a page: this is no registry/);
    expect(
      await readiness(`http://127.0.0.1:${port}`, { backend: at(port), backendHost: 'registry.internal' }),
    ).toBe('ok');
  });

  it('that redirects all to https is named as such', async () => {
    const port = await startNginx('server { listen PORT; return 301 https://$host$request_uri; }');
    expect(await readiness(`http://127.0.0.1:${port}`)).toMatch(/301 and sends elsewhere/);
  });

  it('that serves the registry below a path is served with that path', async () => {
    const registry = await startRegistry();
    open.push(registry);
    const port = await startNginx(
      `server { listen PORT; location /oci/ { proxy_pass ${registry.url}/; proxy_set_header Host $http_host; } }`,
    );
    expect(await readiness('http://127.0.0.1:1', { backend: { ...at(port), prefix: '/oci' } })).toBe('ok');
  });

  function at(port: number) {
    return { kind: 'http', host: '127.0.0.1', port } as const;
  }
});
