import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { openRegistry } from '../../src/images/client/open-registry.ts';
import type { Registry, Repository } from '../../src/images/store.ts';
import { startEmbedded } from '../backend/embedded/program.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { pushImage, pushIndex } from '../support/push-image.ts';
import { startRegistry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { recordingTerminal, type RecordingTerminalOptions } from '../support/terminal.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder('remove');
});
afterAll(() => folder.close());

async function images(args: readonly string[], options: RecordingTerminalOptions = {}): Promise<Ran> {
  const env = { HOME: folder.path, DOCKER_CONFIG: folder.path, REGISTRY_GATE_CERTS: folder.path };
  const terminal = recordingTerminal({ env, ...options });
  const code = await run(['images', ...args, '--plain-http'], terminal);
  return { code, out: terminal.stdout(), err: terminal.stderr() };
}

async function tagsOf(repository: Repository): Promise<readonly string[]> {
  const tags: string[] = [];
  // A repository without tags is unknown to some registries.
  try {
    for await (const tag of repository.listTags()) tags.push(tag);
  } catch {
    return [];
  }
  return tags.toSorted();
}

const has = async (repository: Repository, reference: string): Promise<boolean> =>
  (await repository.findManifest(reference)) !== undefined;

interface Place {
  readonly name: string;
  readonly registry: Registry;
  close(): Promise<void>;
}

async function place(url: string, close: () => Promise<void>): Promise<Place> {
  const name = new URL(url).host;
  const registry = openRegistry({ name, isPlain: true });
  return {
    name,
    registry,
    close: async () => {
      await registry.close();
      await close();
    },
  };
}

const STARTS: Readonly<Record<string, () => Promise<Place>>> = {
  'the embedded registry': async () => {
    const program = await startEmbedded(join(folder.path, 'embedded'));
    return place(program.url, () => program.daemon.close());
  },
  'docker-registry': async () => {
    const registry = await startRegistry();
    return place(registry.url, () => registry.close());
  },
};

const removesTags = (kind: string): boolean => kind === 'the embedded registry';

describeWith(['docker-registry'], 'images tag and images remove', () => {
  describe.each(Object.keys(STARTS))('at %s', (kind) => {
    let at: Place;
    beforeAll(async () => {
      at = await (STARTS[kind]?.() ?? Promise.reject(new Error(kind)));
    });
    afterAll(() => at.close());

    it('tag without moving bytes, and say what the tag named before', async () => {
      const repository = at.registry.repository('tag/app');
      const one = await pushImage(repository, { layers: ['one'], tags: ['1'] });
      const two = await pushImage(repository, { layers: ['two'], tags: ['2'] });
      const name = `${at.name}/tag/app`;
      expect(await images(['tag', `${name}:1`, 'stable'])).toMatchObject({
        code: 0,
        err: expect.stringContaining(one.digest.text),
      });
      const moved = await images(['tag', `${name}:2`, `${name}:stable`, '--json']);
      expect(JSON.parse(moved.out)).toEqual({
        image: `${name}:stable`,
        digest: two.digest.text,
        before: one.digest.text,
      });
      expect((await repository.findManifest('stable'))?.digest.text).toBe(two.digest.text);
      expect(await images(['tag', `${name}:3`, 'x'])).toMatchObject({ code: 1 });
      const other = `${at.name}/tag/other`;
      const taken = await images(['tag', `${name}:1`, other, '--json']);
      expect(JSON.parse(taken.out)).toEqual({
        image: `${other}:latest`,
        digest: one.digest.text,
        before: null,
      });
      expect(await images(['copy', `${other}:latest`, `oci:${join(folder.path, kind)}`])).toMatchObject({
        code: 0,
      });
      expect(await images(['tag', `${name}:1`, 'other.lan/team/app:1'])).toMatchObject({
        code: 2,
        err: expect.stringContaining('registry-gate images copy'),
      });
    });

    it('remove a tag alone, or with its digest where the registry can not', async () => {
      const repository = at.registry.repository('alone/app');
      const image = await pushImage(repository, { layers: ['x'], tags: ['1', 'latest'] });
      const name = `${at.name}/alone/app`;
      const first = await images(['remove', `${name}:1`]);
      expect(first.code).toBe(removesTags(kind) ? 0 : 1);
      expect(await tagsOf(repository)).toEqual(removesTags(kind) ? ['latest'] : ['1', 'latest']);
      expect(await has(repository, image.digest.text)).toBe(true);
      if (removesTags(kind)) return;
      expect(first.err).toMatch(/removes no tag alone/);
      expect(first.out).toContain('latest');
      const agreed = await images(['remove', `${name}:1`, '--yes']);
      expect(agreed).toMatchObject({ code: 1, err: expect.stringContaining('Not supported, left') });
      expect(await tagsOf(repository)).toEqual(['1', 'latest']);
      const asked = await images(['remove', `${name}:1`], { isTTY: true, isOutTTY: true, answers: ['n'] });
      expect(asked).toMatchObject({ code: 1, err: expect.stringContaining('Nothing was removed') });
      expect(await images(['remove', `${name}:1`, '--overwrite'])).toMatchObject({ code: 0 });
      expect(await tagsOf(repository)).toEqual(['latest']);
      expect((await repository.findManifest('latest'))?.digest.text).toBe(image.digest.text);
      expect(await images(['remove', `${name}:latest`, '--yes'])).toMatchObject({ code: 0 });
      expect(await has(repository, image.digest.text)).toBe(false);
    });

    it('remove by selection: a plan, then with --yes', async () => {
      const repository = at.registry.repository('select/app');
      for (const age of [1, 2, 3, 4])
        await pushImage(repository, {
          layers: [`layer ${age}`, 'base'],
          created: `2025-01-0${age}T00:00:00Z`,
          tags: [`pr-${age}`],
        });
      const release = await pushImage(repository, {
        layers: ['release', 'base'],
        created: '2025-01-01T00:00:00Z',
        tags: ['1.0'],
      });
      const name = `${at.name}/select/app`;
      const args = ['remove', name, '--match', 'pr-*', '--keep-last', '1', '--older-than', '1d'];
      const plan = await images(args);
      expect(plan).toMatchObject({ code: 0, err: expect.stringContaining('Add --yes') });
      const rows = plan.out
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
      expect(rows.map(([, tag, , , action, reason]) => [tag, action, reason])).toEqual(
        expect.arrayContaining([
          ['pr-1', 'remove', expect.stringContaining('older than')],
          ['pr-4', 'keep', 'one of the newest 1'],
          ['1.0', 'keep', 'matches no --match'],
        ]),
      );
      expect(await tagsOf(repository)).toHaveLength(5);
      const done = await images([...args, '--yes', '--json']);
      expect(done.code).toBe(0);
      const report = JSON.parse(done.out) as { freedBytes: number; results: { outcome: string }[] };
      expect(report.results.map(({ outcome }) => outcome)).toEqual(['removed', 'removed', 'removed']);
      expect(report.freedBytes).toBeGreaterThan(3 * 'layer 1'.length);
      expect(await tagsOf(repository)).toEqual(['1.0', 'pr-4']);
      expect(await has(repository, release.digest.text)).toBe(true);
      expect(await images([...args, '--yes'])).toMatchObject({ code: 0, err: 'Nothing to remove.\n' });
    });

    it('refuse what an index needs, and remove an index with its images and referrers', async () => {
      const repository = at.registry.repository('index/app');
      const [arm, amd] = [
        await pushImage(repository, { layers: ['arm'] }),
        await pushImage(repository, { layers: ['amd'], tags: ['amd'] }),
      ];
      const index = await pushIndex(repository, [arm, amd], ['1']);
      const signature = await pushImage(repository, { layers: ['signed'], subject: index });
      // What clients keep where a registry knows no referrers (distribution-spec: "Referrers Tag Schema").
      if (!removesTags(kind)) await pushIndex(repository, [signature], [index.digest.text.replace(':', '-')]);
      const name = `${at.name}/index/app`;
      const refused = await images(['remove', `${name}@${amd.digest.text}`, '--yes']);
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('the index of 1 needs it') });
      expect(await has(repository, amd.digest.text)).toBe(true);
      expect(await images(['remove', `${name}@${index.digest.text}`, '--yes'])).toMatchObject({ code: 0 });
      for (const { digest } of [index, arm, signature])
        expect(await has(repository, digest.text)).toBe(false);
      expect(await has(repository, amd.digest.text)).toBe(true);
      expect(await tagsOf(repository)).toEqual(['amd']);
    });

    it('keep the referrers of a removed image on demand, and find them later', async () => {
      const repository = at.registry.repository('orphan/app');
      const image = await pushImage(repository, { layers: ['o'], tags: ['1'] });
      await pushImage(repository, { layers: ['other'], tags: ['2'] });
      const signature = await pushImage(repository, { layers: ['s'], subject: image });
      const cosign = `${image.digest.text.replace(':', '-')}.sig`;
      await pushImage(repository, { layers: ['cosign'], tags: [cosign] });
      const name = `${at.name}/orphan/app`;
      const args = ['remove', `${name}@${image.digest.text}`, '--keep-referrers', '--yes'];
      expect(await images(args)).toMatchObject({ code: 0 });
      expect(await has(repository, signature.digest.text)).toBe(true);
      expect(await has(repository, cosign)).toBe(true);
      const orphans = await images(['remove', name, '--untagged', '--yes']);
      expect(orphans).toMatchObject({ code: 0, err: expect.stringContaining('gc --untagged') });
      expect(await has(repository, cosign)).toBe(false);
    });

    it('say what is not there', async () => {
      const repository = at.registry.repository('missing/app');
      const image = await pushImage(repository, { layers: ['m'], tags: ['1'] });
      const name = `${at.name}/missing/app`;
      const both = await images(['remove', `${name}:1`, `${name}:2`]);
      expect(both).toMatchObject({ code: 1, err: expect.stringContaining('IMAGE_UNKNOWN') });
      expect(await has(repository, '1')).toBe(true);
      const other = `${name}:1@sha256:${'0'.repeat(64)}`;
      expect(await images(['remove', other])).toMatchObject({ code: 1 });
      expect(await images(['remove', name])).toMatchObject({ code: 2 });
      expect(await images(['remove', `${name}:1`, '--match', '*'])).toMatchObject({ code: 2 });
      expect(await images(['remove', name, '--except', '*'])).toMatchObject({ code: 2 });
      expect(await images(['remove', `${name}:1`, '--dry-run'])).toMatchObject({ code: 0 });
      expect(await has(repository, image.digest.text)).toBe(true);
    });
  });

  it('name the setting where a registry deletes nothing', async () => {
    const storage = {
      filesystem: { rootdirectory: join(folder.path, 'locked') },
      delete: { enabled: false },
    };
    const registry = await startRegistry(undefined, 0, { storage });
    const at = await place(registry.url, () => registry.close());
    const repository = at.registry.repository('team/app');
    await pushImage(repository, { layers: ['x'], tags: ['1', '2'] });
    const name = `${at.name}/team/app`;
    for (const args of [
      [`${name}:1`],
      [name, '--match', '1'],
      [name, '--match', '*'],
      [`${name}:1`, '--overwrite'],
    ]) {
      const ran = await images(['remove', ...args, '--yes']);
      expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('REGISTRY_REFUSED') });
    }
    expect(await images(['remove', name, '--match', '*', '--yes'])).toMatchObject({
      err: expect.stringContaining('storage.delete.enabled'),
    });
    expect(await tagsOf(repository)).toEqual(['1', '2']);
    await at.close();
  });
});
