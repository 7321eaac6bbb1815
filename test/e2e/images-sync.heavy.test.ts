import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { openRegistry } from '../../src/images/client/open-registry.ts';
import type { Registry, Repository } from '../../src/images/store.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { startEmbedded, type EmbeddedProgram } from '../backend/embedded/program.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { pushImage, pushIndex } from '../support/push-image.ts';
import { startRegistry, type Registry as Started } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { recordingTerminal } from '../support/terminal.ts';

interface Report {
  readonly images: readonly {
    readonly tag: string;
    readonly plan: string;
    readonly outcome: string | null;
    readonly error: string | null;
  }[];
  readonly failures: readonly { readonly source: string }[];
  readonly skipped: number;
}

let folder: Folder;
let started: Started;
let program: EmbeddedProgram;
let source: Registry;
let target: Registry;

beforeAll(async () => {
  folder = await temporaryFolder('sync');
  started = await startRegistry();
  program = await startEmbedded(join(folder.path, 'data'));
  source = openRegistry({ name: new URL(started.url).host, isPlain: true });
  target = openRegistry({ name: new URL(program.url).host, isPlain: true });
});
afterAll(async () => {
  await Promise.all([source.close(), target.close()]);
  await started.close();
  await program.daemon.close();
  await folder.close();
});

async function sync(
  plan: object,
  ...args: readonly string[]
): Promise<{ code: number; report: Report; err: string }> {
  const file = join(folder.path, 'plan.yml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ from: source.name, to: target.name, ...plan }));
  const env = { HOME: folder.path, DOCKER_CONFIG: folder.path, REGISTRY_GATE_CERTS: folder.path };
  const terminal = recordingTerminal({ env });
  const code = await run(['images', 'sync', '--file', file, '--plain-http', '--json', ...args], terminal);
  return { code, report: JSON.parse(terminal.stdout() || '{}') as Report, err: terminal.stderr() };
}

/** How many images have which outcome, or which plan where nothing was done. */
function countOf({ images }: Report): Record<string, number> {
  const words = images.map(({ outcome, plan }) => outcome ?? plan);
  return Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]));
}

async function tagsOf(repository: Repository): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const tag of repository.listTags()) tags.push(tag);
  return tags.toSorted();
}

const blobPath = (digest: string): string =>
  join(started.data, 'docker/registry/v2/blobs/sha256', digest.slice(7, 9), digest.slice(7), 'data');

describeWith(['docker-registry'], 'images sync', () => {
  it('copies fifty tags but the one that is broken, and goes on when that is whole', async () => {
    const repository = source.repository('many/app');
    const count = 50;
    for (let at = 0; at < count; at += 1)
      await pushImage(repository, { layers: ['base', `layer ${at}`], tags: [`1.${at}.0`] });
    const broken = blobPath(digestOf('sha256', Buffer.from('layer 7')).text);
    await unlink(broken);
    const plan = { prefix: 'mirror/', repositories: ['many/app'] };
    const dry = await sync(plan);
    expect({ code: dry.code, ...countOf(dry.report) }).toEqual({ code: 1, copy: count });
    const first = await sync(plan, '--yes');
    expect({ code: first.code, ...countOf(first.report) }).toEqual({ code: 1, copied: count - 1, failed: 1 });
    expect(first.report.images.find(({ outcome }) => outcome === 'failed')?.tag).toBe('1.7.0');
    const mirror = target.repository('mirror/many/app');
    const there = await tagsOf(mirror);
    expect(there).toHaveLength(count - 1);
    expect(there).not.toContain('1.7.0');
    await writeFile(broken, 'layer 7');
    const second = await sync(plan, '--yes');
    expect({ code: second.code, ...countOf(second.report) }).toEqual({ code: 0, same: count - 1, copied: 1 });
    expect(await sync(plan)).toMatchObject({ code: 0 });
  });

  it('moves tags, copies platforms and referrers, and prunes only what it is told to', async () => {
    const repository = source.repository('few/app');
    const image = await pushImage(repository, { layers: ['one'], tags: ['1.0.0', 'latest'] });
    const arm = { os: 'linux', architecture: 'arm64' };
    const amd = { os: 'linux', architecture: 'amd64' };
    const children = [
      await pushImage(repository, { layers: ['arm'], platform: arm }),
      await pushImage(repository, { layers: ['amd'], platform: amd }),
    ];
    await pushIndex(repository, children, ['2.0.0']);
    const base = { name: 'few/app', to: 'few/mirror' };
    const all = { repositories: [base] };
    expect(await sync(all, '--yes')).toMatchObject({ code: 0 });
    const mirror = target.repository('few/mirror');
    expect(await tagsOf(mirror)).toEqual(['1.0.0', '2.0.0', 'latest']);

    await pushImage(repository, { layers: ['two'], tags: ['latest'] });
    const signature = await pushImage(repository, { layers: ['signed'], subject: image });
    const referring = { repositories: [{ ...base, referrers: true }] };
    const moved = await sync(referring, '--yes');
    expect({ code: moved.code, ...countOf(moved.report) }).toEqual({ code: 0, same: 1, moved: 1, copied: 1 });
    expect((await mirror.listReferrers(image.digest)).map(({ digest }) => digest.text)).toEqual([
      signature.digest.text,
    ]);
    expect(await sync(referring)).toMatchObject({ code: 0 });

    const one = {
      repositories: [{ name: 'few/app', to: 'few/arm', versions: '>=2', platform: 'linux/arm64' }],
    };
    expect(await sync(one, '--yes')).toMatchObject({ code: 0, report: { skipped: expect.any(Number) } });
    expect((await target.repository('few/arm').findManifest('2.0.0'))?.digest.text).toBe(
      children[0]?.digest.text,
    );
    expect(await sync(one)).toMatchObject({ code: 0 });

    const pruning = { repositories: [{ ...base, tags: ['latest'], prune: true }] };
    expect(countOf((await sync(pruning)).report)).toEqual({ same: 1, prune: 2 });
    expect(await tagsOf(mirror)).toHaveLength(3);
    const pruned = await sync(pruning, '--yes');
    expect({ code: pruned.code, ...countOf(pruned.report) }).toEqual({ code: 0, same: 1, pruned: 2 });
    expect(await tagsOf(mirror)).toEqual(['latest']);
  });

  it('prunes nothing where the plan takes nothing, or a repository can not be read', async () => {
    await pushImage(target.repository('safe/app'), { layers: ['s'], tags: ['1'] });
    await pushImage(source.repository('safe/app'), { layers: ['s'], tags: ['1'] });
    const nothing = { repositories: [{ name: 'safe/app', tags: ['none'], prune: true }] };
    expect(await sync(nothing, '--yes')).toMatchObject({ code: 0, report: { images: [] } });
    const missing = { repositories: [{ name: 'not/there', to: 'safe/app', prune: true }, 'safe/app'] };
    const ran = await sync(missing, '--yes');
    expect(ran).toMatchObject({ code: 1, report: { failures: [{ source: 'not/there' }] } });
    expect(countOf(ran.report)).toEqual({ same: 1 });
    expect(await tagsOf(target.repository('safe/app'))).toEqual(['1']);
  });

  it('names the line of a mistake', async () => {
    const { code, err } = await sync({ repositories: [{ name: 'a', versions: 'x.y.z.' }] });
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/CONFIG_INVALID[^]*versions[^]*plan\.yml:1/),
    });
  });
});
