import { randomBytes } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storedBlobs } from '../backend/embedded/layout.ts';
import { startEmbedded } from '../backend/embedded/program.ts';
import { serveEmbedded } from '../backend/embedded/server.ts';
import type { Made } from '../backend/embedded/spec-client.ts';
import { ACCEPT, digestOf, image, locationOf, SpecClient } from '../backend/embedded/spec-client.ts';
import { startDaemon, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';

/**
 * System calls that change a file system, as a push makes them. `fsync` is not among them: a process that is killed
 * there leaves what the next change finds, which is killed too.
 */
const CHANGES =
  /^(?:mkdir|mkdirat|rename|renameat|renameat2|write|writev|pwrite64|pwritev|openat|unlink|unlinkat|rmdir|ftruncate|utimensat)$/;
const TRACE =
  'trace=mkdir,mkdirat,rename,renameat,renameat2,write,writev,pwrite64,pwritev,openat,unlink,unlinkat,rmdir,ftruncate,utimensat';
const REPOSITORY = 'team/app';
const TAG = '1';
const LANES = 4;

interface Push {
  readonly config: string;
  readonly layer: Buffer;
  readonly made: Made;
}

interface Kill {
  readonly call: string;
  /** Which of these calls of one thread. */
  readonly at: number;
}

const OLD = push();
const NEW = push();

function push(): Push {
  const config = JSON.stringify({ architecture: 'amd64', salt: randomBytes(8).toString('hex') });
  const layer = randomBytes(1_500_000);
  return { config, layer, made: image(digestOf(config), digestOf(layer)) };
}

/** As docker does it, with chunks, and with a second tag. */
async function pushTo(client: SpecClient, { config, layer, made }: Push): Promise<void> {
  await client.blob(REPOSITORY, config);
  const first = await client.patch(await client.begin(REPOSITORY), layer.subarray(0, 700_000));
  const put = await client.put(locationOf(first), digestOf(layer), layer.subarray(700_000));
  if (put.status !== 201) throw new Error(`push: ${put.status} ${put.body.toString()}`);
  for (const tag of [TAG, `other-${made.digest.slice(7, 15)}`]) {
    const answer = await client.manifest(REPOSITORY, tag, made);
    if (answer.status !== 201) throw new Error(`push: ${answer.status} ${answer.body.toString()}`);
  }
}

/** Which of the two images the tag names; all of it is there, byte for byte. */
async function pulled(client: SpecClient): Promise<'old' | 'new'> {
  const path = `/v2/${REPOSITORY}/manifests/${TAG}`;
  const { body } = await client.expect(200, 'GET', path, { headers: { Accept: ACCEPT } });
  const which = body.toString() === NEW.made.bytes ? 'new' : 'old';
  const { config, layer, made } = which === 'new' ? NEW : OLD;
  if (body.toString() !== made.bytes) throw new Error('neither of the two manifests');
  for (const bytes of [Buffer.from(config), layer]) {
    const blob = await client.expect(200, 'GET', `/v2/${REPOSITORY}/blobs/${digestOf(bytes)}`);
    if (!blob.body.equals(bytes)) throw new Error('a blob is not what was pushed');
  }
  return which;
}

describeWith(['strace', 'docker-registry'], 'a push that is killed at any system call', () => {
  let folder: Folder;
  let before: string;

  beforeAll(async () => {
    folder = await temporaryFolder('kill');
    before = join(folder.path, 'before');
    await withServer(before, (client) => pushTo(client, OLD));
  });
  afterAll(() => folder.close());

  it('leaves the old image or the new one, and nothing broken', async () => {
    const kills = await countCalls();
    expect(kills.length).toBeGreaterThan(40);
    const left: Record<string, number> = { old: 0, new: 0 };
    const work = kills.values();
    const failures: string[] = [];
    await Promise.all(
      Array.from({ length: LANES }, async (_, lane) => {
        for (const kill of work) {
          try {
            const which = await killAt(kill, join(folder.path, `lane-${lane}-${kill.call}-${kill.at}`));
            left[which] = (left[which] ?? 0) + 1;
          } catch (error) {
            failures.push(`${kill.call} ${kill.at}: ${String(error)}`);
          }
        }
      }),
    );
    expect(failures).toEqual([]);
    // Both were seen: the kills lie before and after the tag moves.
    expect(Object.values(left).every((count) => count > 0)).toBe(true);
  }, 600_000);

  /** Pushes once under strace and resolves to the calls that change something in the registry's folder. */
  async function countCalls(): Promise<Kill[]> {
    const directory = join(folder.path, 'count');
    const log = join(folder.path, 'count.log');
    await cp(before, directory, { recursive: true });
    const program = await startEmbedded(directory, { UV_THREADPOOL_SIZE: '1' });
    const strace = await attach(program.daemon.pid, ['-y', '-o', log, '-e', TRACE]);
    const client = new SpecClient(program.url);
    await pushTo(client, NEW);
    client.close();
    await program.daemon.close();
    await strace.close();
    const seen = new Map<string, number>();
    const kills: Kill[] = [];
    for (const line of (await readFile(log, 'utf8')).split('\n')) {
      const [, thread = '', call = ''] = /^(\d+)\s+(\w+)\(/.exec(line) ?? [];
      if (!CHANGES.test(call)) continue;
      const at = (seen.get(`${thread} ${call}`) ?? 0) + 1;
      seen.set(`${thread} ${call}`, at);
      if (line.includes(directory) && (call !== 'openat' || line.includes('O_CREAT')))
        kills.push({ call, at });
    }
    return kills;
  }

  async function killAt({ call, at }: Kill, directory: string): Promise<'old' | 'new'> {
    await cp(before, directory, { recursive: true });
    const program = await startEmbedded(directory, { UV_THREADPOOL_SIZE: '1' });
    const inject = `inject=${call}:signal=KILL:when=${at}`;
    const strace = await attach(program.daemon.pid, ['-o', '/dev/null', '-e', `trace=${call}`, '-e', inject]);
    const client = new SpecClient(program.url);
    const done = await pushTo(client, NEW).then(
      () => true,
      () => false,
    );
    client.close();
    await program.daemon.close();
    await strace.close();
    return check(directory, done);
  }

  async function check(directory: string, done: boolean): Promise<'old' | 'new'> {
    const broken = (await storedBlobs(directory)).filter(({ whole }) => !whole);
    if (broken.length > 0) throw new Error(`half a blob: ${broken.map(({ path }) => path).join()}`);
    const registry = await startRegistry(directory);
    const other = new SpecClient(registry.url);
    const there = await pulled(other);
    other.close();
    await registry.close();
    let which: 'old' | 'new' = 'old';
    await withServer(directory, async (client) => {
      which = await pulled(client);
      await pushTo(client, NEW);
      if ((await pulled(client)) !== 'new') throw new Error('pushing again changed nothing');
    });
    if (which !== there) throw new Error(`docker-registry serves the ${there} image, we the ${which} one`);
    if (done && which === 'old') throw new Error('a push that was confirmed is lost');
    return which;
  }
});

async function withServer(directory: string, action: (client: SpecClient) => Promise<void>): Promise<void> {
  const server = await serveEmbedded(directory);
  const client = new SpecClient(server.url);
  try {
    await action(client);
  } finally {
    client.close();
    await server.close();
  }
}

async function attach(pid: number, options: readonly string[]): Promise<ReturnType<typeof startDaemon>> {
  const strace = startDaemon('strace', ['-f', '-p', String(pid), ...options]);
  await strace.line(/Process \d+ attached/);
  return strace;
}
