import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFaultProxy, type FaultProxy, type Trouble } from '../support/fault-proxy.ts';
import { writeImage, type Image } from '../support/images.ts';
import { must, run, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const ALL = process.env['HOSTILE'] === 'full';
/** Longer than any copy here takes: what is not over by then hangs. */
const DEADLINE_MS = 300_000;
const TRIES = 4;
/** Within the layer, which has 2 MiB; and within the head of whatever comes first. */
const LAYER = 700_001;
const HEAD = 20;

interface Case {
  readonly name: string;
  readonly trouble: Trouble;
  /** Whether anything may fail at all. */
  readonly isHarmless?: true;
}

const HOWS = ['fin', 'reset', 'stall', 'vanish', 'flip'] as const;
const BREAKS: readonly Case[] = HOWS.flatMap((how) =>
  [HEAD, LAYER].flatMap((at) => [
    { name: `${how} after ${at} bytes to the registry`, trouble: { up: { at, how } } },
    { name: `${how} after ${at} bytes from the registry`, trouble: { down: { at, how } } },
  ]),
);
const SLOW: readonly Case[] = [
  { name: 'each piece 5 ms later', trouble: { latencyMs: 5 }, isHarmless: true },
  { name: '4 MB/s', trouble: { bytesPerSecond: 4_000_000 }, isHarmless: true },
];
/** What a pull does not send, and a push does not get, can't be broken there. */
const reaches = (direction: 'up' | 'down', { trouble }: Case): boolean =>
  (direction === 'up' ? trouble.down : trouble.up)?.at !== LAYER;

describeWith(['skopeo', 'docker-registry'], 'R149: faults between the gate and the registry', () => {
  let folder: Folder;
  let registry: Registry;
  let proxy: FaultProxy;
  let gate: TestGate;
  let cached: TestGate;
  let cache: string;
  let image: Image;
  let trust: string;
  let count = 0;

  beforeAll(async () => {
    folder = await temporaryFolder('faulty');
    trust = join(folder.path, 'trust');
    cache = join(folder.path, 'cache');
    image = await writeImage(join(folder.path, 'image'), 2);
    registry = await startRegistry();
    proxy = await startFaultProxy({ port: Number(new URL(registry.url).port) });
    const timeouts = { backendSeconds: 2, connectSeconds: 2 };
    gate = await startTestGate({ backend: proxy.url, timeouts });
    const kept = { directory: cache, size: 100_000_000, checkSeconds: 0 };
    cached = await startTestGate({ backend: proxy.url, timeouts, config: { cache: kept } });
    await mkdir(trust);
    await copyFile(join(gate.certs, 'ca.crt'), join(trust, 'ca.crt'));
    await must('skopeo', copyArgs('dest', `oci:${image.layout}:1`, there(gate, 'given')));
  });
  afterAll(async () => {
    await cached.close();
    await gate.close();
    await proxy.close();
    await registry.close();
    await folder.close();
  });

  function there({ port }: TestGate, repository: string): string {
    return `docker://127.0.0.1:${port}/team/${repository}:1`;
  }

  function copyArgs(side: 'dest' | 'src', from: string, to: string): string[] {
    const { user, password } = gate;
    return ['copy', `--${side}-cert-dir`, trust, `--${side}-creds`, `${user}:${password}`, from, to];
  }

  /** Copies until it succeeds; each time it has to come to an end. Resolves to the number of tries. */
  async function copied(args: readonly string[], { isHarmless }: Case): Promise<number> {
    for (let nth = 1; nth <= TRIES; nth += 1) {
      const { status, output } = await run('skopeo', args, { deadlineMs: DEADLINE_MS });
      if (status === 0) return nth;
      if (isHarmless === true) throw new Error(output);
    }
    throw new Error(`not copied in ${TRIES} tries: ${args.join(' ')}`);
  }

  /** What lies in a folder under the name of a digest is what the name says. */
  async function holdsOnlyWhatItSays(directory: string): Promise<number> {
    const names = (await readdir(directory).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
    for (const name of names) {
      const bytes = await readFile(join(directory, name));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(name);
    }
    return names.length;
  }

  /** What the registry says without a gate, by its real digest. */
  async function stored(repository: string, { layer, digest }: Image): Promise<string[]> {
    const digests: string[] = [];
    for (const [kind, one] of [
      ['blobs', layer],
      ['manifests', digest],
    ] as const) {
      const answer = await fetch(`${registry.url}/v2/team/${repository}/${kind}/${one}`, {
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      digests.push(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    }
    return digests;
  }

  /** A new one each time: of a layer that skopeo knows to be there it would send nothing. */
  function newImage(): Promise<Image> {
    return writeImage(join(folder.path, `image-${(count += 1)}`), 2);
  }

  it.each([...BREAKS, ...SLOW].filter((one) => reaches('up', one)))(
    'a push, once $name: the right image in the end',
    async (one) => {
      const pushed = await newImage();
      const repository = `pushed-${count}`;
      proxy.cause(one.trouble, 1);
      await copied(copyArgs('dest', `oci:${pushed.layout}:1`, there(gate, repository)), one);
      expect(proxy.struck()).toBe(one.isHarmless === true ? 0 : 1);
      proxy.heal();
      expect(await stored(repository, pushed)).toEqual([pushed.layer, pushed.digest]);
    },
    TRIES * DEADLINE_MS,
  );

  it.each([...BREAKS, ...SLOW].filter((one) => reaches('down', one)))(
    'a pull, once $name: the right image in the end',
    async (one) => {
      const back = join(folder.path, `back-${(count += 1)}`);
      proxy.cause(one.trouble, 1);
      await copied(copyArgs('src', there(gate, 'given'), `oci:${back}:1`), one);
      expect(proxy.struck()).toBe(one.isHarmless === true ? 0 : 1);
      proxy.heal();
      expect(await holdsOnlyWhatItSays(join(back, 'blobs/sha256'))).toBe(3);
    },
    TRIES * DEADLINE_MS,
  );

  const always = BREAKS.filter(({ trouble }) => (trouble.up ?? trouble.down)?.at === LAYER);
  it.each(ALL ? always : always.filter(({ name }) => /^(?:reset|flip|stall)/.test(name)))(
    'each time $name: an end with an error, and nothing wrong anywhere',
    async (one) => {
      const pushed = await newImage();
      const repository = `never-${count}`;
      const back = join(folder.path, repository);
      const args =
        one.trouble.up === undefined
          ? copyArgs('src', there(gate, 'given'), `oci:${back}:1`)
          : copyArgs('dest', `oci:${pushed.layout}:1`, there(gate, repository));
      proxy.cause(one.trouble);
      const { status } = await run('skopeo', args, { deadlineMs: DEADLINE_MS });
      expect(status).not.toBe(0);
      expect(proxy.struck()).toBeGreaterThan(0);
      proxy.heal();
      await holdsOnlyWhatItSays(join(back, 'blobs/sha256'));
      const kept = await fetch(`${registry.url}/v2/team/${repository}/blobs/${pushed.layer}`);
      await kept.body?.cancel();
      expect(kept.status).toBe(404);
    },
    DEADLINE_MS,
  );

  it.each(BREAKS.filter(({ trouble }) => trouble.down?.at === LAYER))(
    'a pull through the layer cache, once $name: what is kept is right',
    async (one) => {
      await rm(join(cache, 'sha256', image.layer.slice(7)), { force: true });
      const back = join(folder.path, `cached-${(count += 1)}`);
      proxy.cause(one.trouble, 1);
      const tries = await copied(copyArgs('src', there(cached, 'given'), `oci:${back}:1`), one);
      expect([tries, proxy.struck()]).toEqual([expect.any(Number), 1]);
      proxy.heal();
      expect(await holdsOnlyWhatItSays(join(back, 'blobs/sha256'))).toBe(3);
      await holdsOnlyWhatItSays(join(cache, 'sha256'));
    },
    TRIES * DEADLINE_MS,
  );
});
