import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { writeImage, type Image } from '../support/images.ts';
import { must, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { recordingTerminal, type RecordingTerminal } from '../support/terminal.ts';
import { startTestGate, TEST_PASSWORD, TEST_USER, type TestGate } from '../support/test-gate.ts';

/** In megabytes: large enough that a cut comes in the middle of a layer. */
const LAYER = 12;

interface Typed extends RecordingTerminal {
  readonly code: number;
}

async function type(argv: readonly string[], stdin: string | Buffer = ''): Promise<Typed> {
  const terminal = recordingTerminal({ stdin });
  const code = await run(['images', ...argv], terminal);
  return { ...terminal, code };
}

/** Runs a command that has to succeed, and returns what it says in JSON. */
async function typeJson(argv: readonly string[], stdin?: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await type([...argv, '--json'], stdin);
  expect({ code, stderr: stderr() }).toMatchObject({ code: 0 });
  return JSON.parse(stdout());
}

describeWith(['docker-registry', 'skopeo'], 'images copy between registries', () => {
  let folder: Folder;
  let image: Image;
  let stock: Registry;
  let gate: TestGate;
  let proxy: FaultProxy;
  const at = (name: string): string => join(folder.path, name);
  const host = (url: string): string => new URL(url).host;
  const stockImage = (name: string): string => `${host(stock.url)}/${name}`;
  const proxyImage = (name: string): string => `${host(proxy.url)}/${name}`;

  beforeAll(async () => {
    folder = await temporaryFolder('images-copy');
    image = await writeImage(at('image'), LAYER);
    stock = await startRegistry();
    gate = await startTestGate({ backend: `embedded:${at('embedded')}` });
    proxy = await startFaultProxy({ port: Number(new URL(stock.url).port) });
    await typeJson(['copy', `oci:${image.layout}`, stockImage('team/app:1'), '--plain-http']);
  });
  afterAll(async () => {
    await proxy.close();
    await gate.close();
    await stock.close();
    await folder.close();
  });

  /** How many requests with parts of layers the registry has had since its log had so many lines. */
  const uploadsSince = (line: number): number =>
    stock.log.slice(line).filter((it) => /"(?:PATCH|PUT) \/v2\/[^ ]*\/blobs\/uploads/.test(it)).length;

  it('mounts within a registry: nothing is uploaded', async () => {
    const before = stock.log.length;
    const report = await typeJson([
      'copy',
      stockImage('team/app:1'),
      stockImage('team/mounted'),
      '--plain-http',
    ]);
    expect(report).toMatchObject({ digest: image.digest, copied: 0, names: ['1'], skipped: 0 });
    expect(report['mounted']).toBeGreaterThan(LAYER * 1_000_000);
    expect(uploadsSince(before)).toBe(0);
    const again = await typeJson([
      'copy',
      stockImage('team/app:1'),
      stockImage('team/mounted'),
      '--plain-http',
    ]);
    expect(again).toMatchObject({ alreadyThere: true });
  });

  it('goes through an archive into the embedded registry, and comes back the same', async () => {
    const saved = at('app.tar.gz');
    const user = ['--user', TEST_USER, '--password-stdin', '--ca', at('ca.crt')];
    await must('cp', [join(gate.certs, 'ca.crt'), at('ca.crt')]);
    await typeJson(['save', stockImage('team/app:1'), '-o', saved, '--plain-http']);
    const there = `127.0.0.1:${gate.port}/team/app:2`;
    const [loaded] = Object.values(await typeJson(['load', '-i', saved, there, ...user], TEST_PASSWORD));
    expect(loaded).toMatchObject({ digest: image.digest, names: ['2'] });
    const back = await typeJson(['copy', there, `oci:${at('back')}`, ...user], TEST_PASSWORD);
    expect(back).toMatchObject({ digest: image.digest });
    const layer = join('blobs/sha256', image.layer.slice('sha256:'.length));
    expect((await readFile(at(join('back', layer)))).equals(await readFile(join(image.layout, layer)))).toBe(
      true,
    );
  });

  it('writes a docker-archive that skopeo reads, and keeps its ID', async () => {
    const file = at('classic.tar');
    await typeJson(['copy', stockImage('team/app:1'), `docker-archive:${file}`, '--plain-http']);
    const config = async (place: readonly string[]): Promise<string> =>
      must('skopeo', ['inspect', '--config', '--raw', ...place]);
    expect(await config([`docker-archive:${file}`])).toBe(
      await config(['--tls-verify=false', `docker://${stockImage('team/app:1')}`]),
    );
    const report = await typeJson(['load', '-i', file, stockImage('team/classic:1'), '--plain-http']);
    expect(Object.values(report)).toEqual([
      expect.objectContaining({ notes: [expect.stringMatching(/digest is another/)] }),
    ]);
    const again = await typeJson(['load', '-i', file, stockImage('team/classic:1'), '--plain-http']);
    expect(Object.values(again)).toEqual([expect.objectContaining({ alreadyThere: true })]);
  });

  const BREAKS = [1_000, 500_000, 6_000_000, LAYER * 1024 * 1024] as const;
  it.each([
    ...BREAKS.map((where) => ({ direction: 'down' as const, where })),
    ...BREAKS.map((where) => ({ direction: 'up' as const, where })),
  ])('goes on after a cut at byte $where of what goes $direction', async ({ direction, where }) => {
    proxy.cause({ [direction]: { at: where, how: 'reset' } }, 1);
    const target = `team/cut-${direction}-${where}:1`;
    // What is not copied through the proxy comes from it.
    const [from, to] =
      direction === 'down'
        ? [proxyImage('team/app:1'), `oci:${at(`cut-${where}`)}:1`]
        : [`oci:${image.layout}`, proxyImage(target)];
    const report = await typeJson(['copy', from, to, '--plain-http']);
    expect(proxy.struck()).toBe(1);
    proxy.heal();
    expect(report).toMatchObject({ digest: image.digest });
  });

  it('keeps the tag of referrers where the registry has no list of them', async () => {
    const { digest } = await typeJson([
      'copy',
      stockImage('team/app:1'),
      stockImage('team/signed:1'),
      '--plain-http',
    ]);
    const subject = await fetch(`${stock.url}/v2/team/signed/manifests/${String(digest)}`, {
      method: 'HEAD',
    });
    const upload = async (text: string): Promise<{ digest: string; size: number }> => {
      const name = `sha256:${createHash('sha256').update(text).digest('hex')}`;
      const session = await fetch(`${stock.url}/v2/team/signed/blobs/uploads/`, { method: 'POST' });
      const put = await fetch(`${session.headers.get('location')}&digest=${name}`, {
        method: 'PUT',
        body: text,
      });
      expect(put.status).toBe(201);
      return { digest: name, size: text.length };
    };
    const type1 = 'application/vnd.oci.image.manifest.v1+json';
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', ...(await upload('{}')) };
    const layer = { mediaType: 'text/signature', ...(await upload('signed')) };
    const size = Number(subject.headers.get('content-length'));
    const signature = JSON.stringify({
      schemaVersion: 2,
      mediaType: type1,
      artifactType: 'text/signature',
      config,
      layers: [layer],
      subject: { mediaType: type1, digest, size },
    });
    await fetch(`${stock.url}/v2/team/signed/manifests/sig`, {
      method: 'PUT',
      body: signature,
      headers: { 'content-type': type1 },
    });
    // Through an archive, where it is found by its subject, back into a registry that has no list.
    const name = `sha256:${createHash('sha256').update(signature).digest('hex')}`;
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ mediaType: type1, digest: name, size: signature.length, artifactType: 'text/signature' }],
    };
    const tag = String(digest).replace(':', '-');
    await fetch(`${stock.url}/v2/team/signed/manifests/${tag}`, {
      method: 'PUT',
      body: JSON.stringify(index),
      headers: { 'content-type': index.mediaType },
    });
    const report = await typeJson([
      'copy',
      stockImage('team/signed:1'),
      stockImage('team/moved'),
      '--referrers',
      '--plain-http',
    ]);
    expect(report).toMatchObject({ referrers: 1 });
    const listed = await fetch(`${stock.url}/v2/team/moved/manifests/${tag}`, {
      headers: { accept: index.mediaType },
    });
    expect(await listed.json()).toMatchObject({
      manifests: [{ digest: name, artifactType: 'text/signature' }],
    });
  });
});
