import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { PASSWORD, USER } from '../support/gate-process.ts';
import { blobsOf, writeImage, type Image } from '../support/images.ts';
import { run } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { LOGIN, openAuditFixture, podman } from './audit-fixture.ts';
import type { AuditFixture, AuditFixtureOptions } from './audit-fixture.ts';

const STAGES: readonly AuditFixtureOptions[] = [
  { backend: 'embedded' },
  { backend: 'embedded', args: ['--workers', '2'] },
  { backend: 'docker-registry' },
  { backend: 'docker-registry', args: ['--workers', '2'] },
];

let fixture: AuditFixture;

describeWith(['skopeo', 'docker-registry'], 'the audit log of skopeo', () => {
  afterEach(() => fixture.close());

  it.each(STAGES)('has one line for each act: $backend $args', async (options) => {
    fixture = await openAuditFixture(options);
    const image = await writeImage(join(fixture.folder, 'image'), 3);
    const there = `docker://${fixture.gate.name}/team/app:1`;
    await fixture.copy(`oci:${image.layout}:1`, there);
    await fixture.copy(there, `oci:${join(fixture.folder, 'back')}:1`);
    await fixture.copy(`oci:${image.layout}:1`, there.replace(':1', ':2').replace('app:1', 'app:2'));
    const wrong = ['--cert-dir', fixture.trust, '--creds', `${USER}:S3cret-typo`];
    expect((await run('skopeo', ['inspect', ...wrong, there])).status).not.toBe(0);
    const either = ['--cert-dir', fixture.trust, '--creds', LOGIN];
    expect(await run('skopeo', ['delete', ...either, there])).toMatchObject({ status: 0 });

    const events = await fixture.end();
    const known = { user: USER, signedInBy: 'password', address: '127.0.0.1', repository: 'team/app' };
    const layers = { mounted: 0, existing: 0 };
    const sizes = await sizeOf(image);
    expect(events.filter(({ event }) => event === 'push')).toMatchObject([
      {
        ...known,
        result: 'done',
        tag: '1',
        digest: image.digest,
        manifests: 1,
        layers: { ...layers, uploaded: 2 },
        bytes: sizes,
        rule: 'every user',
      },
      { ...known, result: 'done', digest: image.digest, layers: { uploaded: 0, mounted: 0, existing: 2 } },
    ]);
    expect(events.filter(({ event }) => event === 'pull')[0]).toMatchObject({
      ...known,
      result: 'done',
      tag: '1',
      digest: image.digest,
      manifests: 1,
      layers: { fetched: 2, broken: 0 },
      bytes: sizes,
    });
    expect(events.filter(({ event }) => event === 'delete')).toMatchObject([
      { ...known, result: 'done', digest: image.digest },
    ]);
    expect(events.filter(({ event }) => event === 'login')).toMatchObject([
      { result: 'wrong', address: '127.0.0.1', reason: 'wrong-password' },
    ]);
    expect(events.map(({ event }) => event).toSorted()).toEqual([
      'delete',
      'login',
      'pull',
      // skopeo reads the manifest that it deletes.
      'pull',
      'push',
      'push',
    ]);
    const text = await readFile(fixture.file, 'utf8');
    expect(text).not.toContain('S3cret-typo');
    expect(text).not.toContain(PASSWORD);
  });

  it('has one line for an index and what it leads to', async () => {
    fixture = await openAuditFixture({ backend: 'embedded', args: ['--workers', '2'] });
    const layout = await writeIndex(join(fixture.folder, 'many'));
    const there = `docker://${fixture.gate.name}/team/many:all`;
    await fixture.copy(`oci:${layout.path}:all`, there, ['--all']);
    await fixture.copy(there, `oci:${join(fixture.folder, 'back')}:all`, ['--all']);
    expect(await fixture.end()).toMatchObject([
      { event: 'push', result: 'done', tag: 'all', digest: layout.digest, manifests: 3 },
      {
        event: 'pull',
        result: 'done',
        tag: 'all',
        digest: layout.digest,
        manifests: 3,
        layers: { fetched: 4 },
      },
    ]);
  });
});

describeWith(['podman', 'docker-registry'], 'the audit log of podman', () => {
  afterEach(() => fixture.close());

  it.each(STAGES.slice(1, 3))('has one push and one pull: $backend $args', async (options) => {
    fixture = await openAuditFixture(options);
    const image = await writeImage(join(fixture.folder, 'image'), 2);
    const name = `${fixture.gate.name}/team/app:1`;
    const trust = ['--cert-dir', fixture.trust];
    const does = async (args: readonly string[], input?: string): Promise<string> => {
      const ran = await podman(fixture, args, input);
      expect(ran).toMatchObject({ status: 0 });
      return ran.stdout.trim();
    };
    await does(['login', ...trust, '--username', USER, '--password-stdin', fixture.gate.name], PASSWORD);
    await does(['pull', '--quiet', `oci:${image.layout}:1`]);
    const id = await does(['images', '--quiet', '--no-trunc']);
    await does(['push', ...trust, id, `docker://${name}`]);
    await does(['rmi', '--all', '--force']);
    await does(['pull', ...trust, name]);
    const events = await fixture.end();
    expect(events).toMatchObject([
      { event: 'push', result: 'done', tag: '1', manifests: 1, layers: { uploaded: 2 } },
      { event: 'pull', result: 'done', tag: '1', layers: { fetched: 2, broken: 0 } },
    ]);
    expect(events[0]?.['digest']).toBe(events[1]?.['digest']);
  });
});

/** Bytes of all blobs of the image, its manifest among them. */
async function sizeOf({ layout }: Image): Promise<number> {
  const blobs = await blobsOf(layout);
  const sizes = await Promise.all(
    blobs.map(async (blob) => (await readFile(join(layout, 'blobs/sha256', blob))).length),
  );
  return sizes.reduce((one, other) => one + other, 0);
}

/** Two images under one index, tagged `all`, in the OCI layout. */
async function writeIndex(path: string): Promise<{ readonly path: string; readonly digest: string }> {
  const images = await Promise.all(['amd64', 'arm64'].map((name) => writeImage(`${path}-${name}`, 1)));
  const blobs = join(path, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  for (const { layout } of images) {
    for (const blob of await blobsOf(layout)) {
      await writeFile(join(blobs, blob), await readFile(join(layout, 'blobs/sha256', blob)));
    }
  }
  const manifests = await Promise.all(
    images.map(async ({ layout, digest }, at) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: (await readFile(join(layout, 'blobs/sha256', digest.slice(7)))).length,
      platform: { os: 'linux', architecture: ['amd64', 'arm64'][at] },
    })),
  );
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
  const hex = createHash('sha256').update(index).digest('hex');
  await writeFile(join(blobs, hex), index);
  await writeFile(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { 'org.opencontainers.image.ref.name': 'all' };
  const top = { mediaType, digest: `sha256:${hex}`, size: index.length, annotations };
  await writeFile(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }));
  return { path, digest: top.digest };
}
