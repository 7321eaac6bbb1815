import { closeSync, openSync, watch } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCountingProxy, type CountingProxy, type Passed } from '../support/counting-proxy.ts';
import { GATE_MAIN } from '../support/gate-process.ts';
import { makeNoisy, type ImageKind } from '../support/image-kinds.ts';
import { openImageStage, type ImageStage, type Place } from '../support/image-stage.ts';
import { hostOf, images } from '../support/images-command.ts';
import { missingIn, missingInLayout, pushKind, tagged } from '../support/place-kinds.ts';
import { signalGroup, startProcess } from '../support/processes.ts';
import { must, until } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const LAYERS = 6;
const MEGABYTES = 1;
const BYTES = LAYERS * MEGABYTES * 1024 * 1024;
const LANES = 3;
const WHOLE = ['--all', '--referrers', '--plain-http'];

/** When a command is killed: as soon as this has passed, and the piece that tells so is held back. */
interface Point {
  readonly name: string;
  reached(passed: Passed): boolean;
}

function bytesAt(count: number, direction: 'up' | 'down'): readonly Point[] {
  return Array.from({ length: count }, (_, at) => {
    const bytes = Math.round((BYTES * (at + 0.5)) / count);
    return { name: `${bytes} bytes ${direction}`, reached: (passed) => passed[direction] >= bytes };
  });
}

function requestsAt(kind: 'manifests' | 'mounts', counts: readonly number[]): readonly Point[] {
  return counts.map((nth) => ({ name: `${kind} ${nth}`, reached: (passed) => passed[kind] >= nth }));
}

/**
 * Runs a command, and kills it at a point if it comes there. Resolves to its exit code, undefined if it was killed.
 * `output`: a file for what it writes to standard output.
 */
function runUntil(
  args: readonly string[],
  arm: (kill: () => void) => void,
  output?: string,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const file = output === undefined ? undefined : openSync(output, 'w');
    const child = startProcess(process.execPath, [GATE_MAIN, 'images', ...args], {
      stdio: ['ignore', file ?? 'pipe', 'pipe'],
    });
    if (file !== undefined) closeSync(file);
    const said: string[] = [];
    let isKilled = false;
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => said.push(text));
    arm(() => {
      isKilled = true;
      signalGroup(child, 'SIGKILL');
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (isKilled) resolve(undefined);
      else if (code === 0) resolve(code);
      else reject(new Error(`images ${args.join(' ')}: ${code}\n${said.join('')}`));
    });
  });
}

describeWith(['docker-registry', 'tar'], 'images, killed by SIGKILL at twenty points of', () => {
  let stage: ImageStage;
  let kind: ImageKind;
  let older: ImageKind;

  beforeAll(async () => {
    stage = await openImageStage();
    kind = await makeNoisy(LAYERS, MEGABYTES);
    // Of another size, so that it has no layer of the other.
    older = await makeNoisy(1, 2 * MEGABYTES);
    for (const { url } of [stage.stock, stage.embedded]) await pushKind(url, 'noisy', kind);
    await pushKind(stage.stock.url, 'older', older);
    // Node.js keeps what it compiled at the end of a process, which those that are killed never see.
    const whole = ['copy', `${stage.stock.host}/older:1`, `${stage.embedded.host}/older:1`, '--plain-http'];
    await runUntil(whole, () => undefined);
  });
  afterAll(() => stage.close());

  /** Does all points, some at a time. Each lane has a proxy before the source and one before each target. */
  async function failuresAt(
    points: readonly Point[],
    one: (point: Point, at: number) => Promise<void>,
  ): Promise<readonly string[]> {
    const work = points.entries();
    const failures: string[] = [];
    const lane = async (): Promise<void> => {
      for (const [at, point] of work)
        await one(point, at).catch((error: unknown) => failures.push(`${point.name}: ${String(error)}`));
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return failures;
  }

  const placeOf = (at: number): Place => (at % 2 === 0 ? stage.embedded : stage.stock);

  async function throughProxy<T>(url: string, action: (proxy: CountingProxy) => Promise<T>): Promise<T> {
    const proxy = await startCountingProxy(url);
    return action(proxy).finally(() => proxy.close());
  }

  /** A tag that is there is whole: the one from before, or the new one. */
  async function checkTarget({ url }: Place, repository: string): Promise<'old' | 'new'> {
    // docker-registry empties the file of a tag before it writes it: while it does, there is none.
    const digest = await until(
      () => tagged(url, repository),
      () => 'the tag is gone',
    );
    const there = [older, kind].find(({ root }) => root.digest === digest);
    if (there === undefined) throw new Error(`${digest}: neither the old image nor the new one`);
    const { root, blobs } = there;
    const alone = {
      manifests: [root],
      blobs: there === kind ? blobs.slice(0, LAYERS + 1) : blobs.slice(0, 2),
    };
    expect(await missingIn(url, repository, alone)).toEqual([]);
    return there === kind ? 'new' : 'old';
  }

  /** Kills a transfer into a registry, looks, runs it again, and looks again. */
  async function killTransfer(
    point: Point,
    at: number,
    commandTo: (registry: string, repository: string) => readonly string[],
    whole: Pick<ImageKind, 'blobs' | 'manifests'> = kind,
  ): Promise<void> {
    const place = placeOf(at);
    const repository = `killed-${commandTo('', '').at(0)}-${at}`;
    await pushKind(place.url, repository, older);
    await throughProxy(place.url, async (proxy) => {
      const command = commandTo(hostOf(proxy.url), repository);
      const code = await runUntil(command, (kill) =>
        proxy.watch((passed) => point.reached(passed) && kill()),
      );
      if (code === 0) throw new Error('the command came to its end');
      await checkTarget(place, repository);
      proxy.watch(() => undefined);
      await images(...command);
      expect(await tagged(place.url, repository)).toBe(kind.root.digest);
      expect(await missingIn(place.url, repository, whole)).toEqual([]);
    });
  }

  it('a copy, from another registry or with mounts in one', async () => {
    const manifests = requestsAt('manifests', [1, 2, 3, 4]);
    const sent = [...bytesAt(8, 'up'), ...manifests];
    const mounted = [...requestsAt('mounts', [1, 3, 5, 8]), ...manifests];
    const failures = await failuresAt([...sent, ...mounted], (point, at) =>
      killTransfer(point, at, (registry, repository) => {
        const source = at < sent.length ? stage.stock.host : registry;
        return ['copy', `${source}/noisy:1`, `${registry}/${repository}:1`, ...WHOLE];
      }),
    );
    expect(failures).toEqual([]);
  });

  it('a load', async () => {
    const archive = join(stage.folder, 'load.tar');
    await images('save', `${stage.stock.host}/noisy:1`, '--output', archive, ...WHOLE);
    // `load` pushes what docker would: not what refers to the image.
    const alone = { blobs: kind.blobs.slice(0, LAYERS + 1), manifests: [kind.root] };
    const points = [...bytesAt(19, 'up'), ...requestsAt('manifests', [1])];
    const failures = await failuresAt(points, (point, at) =>
      killTransfer(
        point,
        at,
        (registry, repository) => ['load', '--input', archive, `${registry}/${repository}:1`, '--plain-http'],
        alone,
      ),
    );
    expect(failures).toEqual([]);
  });

  it('a save to a file, whose name stays the old archive', async () => {
    const old = join(stage.folder, 'old.tar');
    await images('save', `${stage.stock.host}/older:1`, '--output', old, '--plain-http');
    const whole = { name: 'the archive takes its place', reached: () => false };
    const failures = await failuresAt([...bytesAt(11, 'down'), whole], async (point, at) => {
      const folder = join(stage.folder, `save-${at}`);
      const file = join(folder, 'image.tar');
      await mkdir(folder);
      await copyFile(old, file);
      await throughProxy(stage.stock.url, async (proxy) => {
        const command = ['save', `${hostOf(proxy.url)}/noisy:1`, '--output', file, ...WHOLE];
        await runUntil(command, (kill) => {
          proxy.watch((passed) => point.reached(passed) && kill());
          if (point === whole) watch(folder, (_event, name) => name === 'image.tar' && kill());
        });
        if (!(await readFile(file)).equals(await readFile(old))) await checkArchive(file);
        proxy.watch(() => undefined);
        await images(...command);
        await checkArchive(file);
        expect(await readdir(folder)).toEqual(['image.tar']);
      });
      await rm(folder, { recursive: true });
    });
    expect(failures).toEqual([]);
  });

  it('a save to standard output, which nobody takes for an archive', async () => {
    const failures = await failuresAt(bytesAt(8, 'down'), async (point, at) => {
      const file = join(stage.folder, `stream-${at}.tar`);
      await throughProxy(stage.stock.url, async (proxy) => {
        const command = ['save', `${hostOf(proxy.url)}/noisy:1`, ...WHOLE];
        const code = await runUntil(
          command,
          (kill) => proxy.watch((passed) => point.reached(passed) && kill()),
          file,
        );
        expect(code).toBeUndefined();
        const target = `${stage.stock.host}/half-${at}:1`;
        await expect(images('load', '--input', file, target, '--plain-http')).rejects.toThrow(
          /ARCHIVE_INVALID/,
        );
        expect(await tagged(stage.stock.url, `half-${at}`)).toBeUndefined();
        expect(await runUntil(command, () => proxy.watch(() => undefined), file)).toBe(0);
        await checkArchive(file);
      });
      await rm(file);
    });
    expect(failures).toEqual([]);
  });

  async function checkArchive(file: string): Promise<void> {
    const layout = `${file}.layout`;
    await mkdir(layout);
    await must('tar', ['-xf', file, '-C', layout]);
    expect(await missingInLayout(layout, kind)).toEqual([]);
    await rm(layout, { recursive: true });
  }
});
