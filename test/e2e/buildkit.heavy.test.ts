import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENGINE_NEEDS, NEWER_ENGINE, startEngine, type Engine } from '../support/engine.ts';
import { PASSWORD, USER, gateDoes, makeCerts, startGate } from '../support/gate-process.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import { must, run, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';

const NEEDS = [
  NEWER_ENGINE.dockerd,
  NEWER_ENGINE.docker,
  'docker-buildx',
  'docker-registry',
  'crane',
  ...ENGINE_NEEDS,
];

const LAYER_BYTES = 20 * 1024 * 1024;

/** The backends, by name: `open` starts one and returns what `--backend` takes. */
const BACKENDS = [
  {
    name: 'docker-registry',
    open: async (_folder: string, closers: (() => Promise<void>)[]): Promise<string> => {
      const registry = await startRegistry();
      closers.push(registry.close);
      return registry.url;
    },
  },
  {
    name: 'the embedded registry',
    open: async (folder: string): Promise<string> => `embedded:${join(folder, 'data')}`,
  },
];

for (const { name, open } of BACKENDS) {
  describeWith(NEEDS, `BuildKit in front of ${name}, on another machine`, () => {
    const closers: (() => Promise<void>)[] = [];
    let namespace: Namespace;
    let folder: Folder;
    let engine: Engine;
    let address: string;
    let certs: string;

    beforeAll(async () => {
      namespace = await createNamespace();
      closers.push(namespace.close);
      address = namespace.outside;
      folder = await temporaryFolder('buildkit');
      closers.push(folder.close);
      certs = join(folder.path, 'certs');
      await mkdir(certs);
      await makeCerts(certs, [address]);
      const gate = await startGate({
        certs,
        backend: await open(folder.path, closers),
        listen: `${address}:443`,
      });
      closers.push(gate.close);
      await gateDoes(['certs', 'trust', '--for', 'docker', '--certs', certs, address]);
      closers.push(() => rm(`/etc/docker/certs.d/${address}`, { recursive: true, force: true }));
      const settings = { features: { 'containerd-snapshotter': true } };
      engine = await startEngine({ namespace, programs: NEWER_ENGINE, settings });
      closers.push(engine.close);
      await engine.must(['login', '-u', USER, '--password-stdin', address], { input: PASSWORD });
    });
    afterAll(async () => {
      for (const close of closers.toReversed()) await close();
    });

    /** Builds from a Dockerfile beside which `content` lies, and pushes what was built. */
    async function build(tag: string, dockerfile: string, flags: readonly string[] = []): Promise<string> {
      const context = join(folder.path, tag);
      await mkdir(context);
      await writeFile(join(context, 'Dockerfile'), dockerfile);
      await writeFile(join(context, 'content'), Buffer.alloc(LAYER_BYTES, tag));
      const args = ['build', '--push', ...flags, '-t', `${address}/team/app:${tag}`, context];
      return must('docker-buildx', args, { env: { ...engine.env } });
    }

    const crane = (args: readonly string[]): Promise<string> =>
      must('crane', args, { env: { ...engine.env, SSL_CERT_FILE: join(certs, 'ca.crt') } });

    it('builds, and pushes what it has built with its provenance', async () => {
      await build('first', 'FROM scratch\nCOPY content /content\n', ['--provenance=mode=max']);
      const index = JSON.parse(await crane(['manifest', `${address}/team/app:first`]));
      expect(index.manifests).toHaveLength(2);
    });

    it('builds on an image of the registry', async () => {
      await engine.must(['system', 'prune', '--all', '--force']);
      const base = `FROM ${address}/team/app:first\nCOPY content /second\n`;
      await build('second', base);
      const layers = await crane(['export', `${address}/team/app:second`, '-']).then((tar) => tar.length);
      expect(layers).toBeGreaterThanOrEqual(2 * LAYER_BYTES);
    });

    it('keeps its cache in the registry, and finds it there', async () => {
      const cache = `type=registry,ref=${address}/team/cache:latest`;
      const dockerfile = 'FROM scratch\nCOPY content /cached\n';
      await build('third', dockerfile, ['--cache-to', `${cache},mode=max`]);
      await must('docker-buildx', ['prune', '--all', '--force'], { env: { ...engine.env } });
      const context = join(folder.path, 'third');
      const again = [
        'build',
        '--push',
        '--progress=plain',
        '--cache-from',
        cache,
        '-t',
        `${address}/team/app:again`,
        context,
      ];
      const ran = await run('docker-buildx', again, { env: { ...engine.env } });
      expect(ran.output).toMatch(/CACHED/);
      expect(ran.status).toBe(0);
    });

    it('gives the CA of certs trust --for buildx to a builder that is made afterwards', async () => {
      const env = { ...engine.env };
      const trust = ['certs', 'trust', '--for', 'buildx', '--certs', certs, address];
      await gateDoes(trust, { env });
      await must('docker-buildx', ['create', '--name', 'own'], { env });
      const client = engine.env['DOCKER_CONFIG'] ?? '';
      const instance: unknown = JSON.parse(await readFile(join(client, 'buildx/instances/own'), 'utf8'));
      const files = JSON.stringify(instance);
      const authority = (await readFile(join(certs, 'ca.crt'))).toString('base64');
      expect([files.includes(authority), files.includes('buildkitd.toml')]).toEqual([true, true]);
      await must('docker-buildx', ['rm', 'own'], { env });
      await gateDoes([...trust, '--undo'], { env });
    });

    it('sees an image no more once it is deleted', async () => {
      const digest = await crane(['digest', `${address}/team/app:second`]);
      await crane(['delete', `${address}/team/app@${digest.trim()}`]);
      expect(await crane(['ls', `${address}/team/app`])).not.toMatch(/second/);
    });
  });
}
