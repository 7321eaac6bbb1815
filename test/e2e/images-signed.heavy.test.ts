import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { writeImage, type Image } from '../support/images.ts';
import { must, temporaryFolder, type Folder } from '../support/programs.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { recordingTerminal } from '../support/terminal.ts';

const OCI = 'application/vnd.oci.image';
const SIGNATURE = 'dev.cosignproject.cosign/signature';

/** A blob of a layout, and how a manifest names it. */
interface Blob {
  readonly bytes: Buffer;
  readonly hex: string;
  readonly json: object;
}

function blobOf(mediaType: string, bytes: Buffer, annotations?: Readonly<Record<string, string>>): Blob {
  const hex = createHash('sha256').update(bytes).digest('hex');
  const json = { mediaType, digest: `sha256:${hex}`, size: bytes.length, annotations };
  return { bytes, hex, json };
}

const jsonOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** What `cosign sign --key` stores of an image, as an image layout with the tag `sig` (cosign: "Signature Spec"). */
async function writeSignature(folder: string, key: KeyObject, name: string, digest: string): Promise<void> {
  const payload = jsonOf({
    critical: {
      identity: { 'docker-reference': name },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  });
  const text = sign('sha256', payload, key).toString('base64');
  const layer = blobOf('application/vnd.dev.cosign.simplesigning.v1+json', payload, { [SIGNATURE]: text });
  const config = blobOf(
    `${OCI}.config.v1+json`,
    jsonOf({
      architecture: '',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: [`sha256:${layer.hex}`] },
    }),
  );
  const mediaType = `${OCI}.manifest.v1+json`;
  const manifest = blobOf(
    mediaType,
    jsonOf({ schemaVersion: 2, mediaType, config: config.json, layers: [layer.json] }),
  );
  const entry = { ...manifest.json, annotations: { 'org.opencontainers.image.ref.name': 'sig' } };
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  for (const { hex, bytes } of [layer, config, manifest])
    await writeFile(join(folder, 'blobs/sha256', hex), bytes);
  await writeFile(join(folder, 'index.json'), jsonOf({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

describeWith(['docker-registry', 'skopeo'], 'the signatures of cosign', () => {
  let folder: Folder;
  let stock: Registry;
  let image: Image;
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const at = (name: string): string => join(folder.path, name);
  const inStock = (name: string): string => `${new URL(stock.url).host}/${name}`;
  const tag = (): string => `${image.digest.replace(':', '-')}.sig`;

  beforeAll(async () => {
    folder = await temporaryFolder('images-signed');
    stock = await startRegistry();
    image = await writeImage(at('image'), 1);
    for (const name of ['team/app', 'team/other']) {
      await images('copy', `oci:${image.layout}`, inStock(`${name}:1`));
      const layout = at(name.replace('/', '-'));
      await writeSignature(layout, keys.privateKey, name, image.digest);
      const target = `docker://${inStock(name)}:${tag()}`;
      await must('skopeo', [
        'copy',
        '--dest-tls-verify=false',
        '--preserve-digests',
        `oci:${layout}:sig`,
        target,
      ]);
    }
  });
  afterAll(async () => {
    await stock.close();
    await folder.close();
  });

  async function images(...argv: readonly string[]): Promise<void> {
    const terminal = recordingTerminal();
    const code = await run(['images', ...argv, '--plain-http'], terminal);
    expect({ code, err: terminal.stderr() }).toMatchObject({ code: 0 });
  }

  /** Does what `cosign verify --key` does, and returns the name that was signed. */
  async function verified(repository: string): Promise<string> {
    const manifest = await fetch(`${stock.url}/v2/${repository}/manifests/${tag()}`, {
      headers: { accept: `${OCI}.manifest.v1+json` },
    });
    expect(manifest.status).toBe(200);
    const { layers } = JSON.parse(await manifest.text());
    const [{ digest, annotations }] = layers;
    const blob = await fetch(`${stock.url}/v2/${repository}/blobs/${digest}`);
    const payload = Buffer.from(await blob.arrayBuffer());
    const key = createPublicKey(keys.publicKey.export({ type: 'spki', format: 'pem' }));
    expect(verify('sha256', payload, key, Buffer.from(annotations[SIGNATURE], 'base64'))).toBe(true);
    const { critical } = JSON.parse(payload.toString());
    expect(critical.image['docker-manifest-digest']).toBe(image.digest);
    return critical.identity['docker-reference'];
  }

  it('go through a saved archive and back, each with its repository', async () => {
    const file = at('saved.tar');
    await images('save', '--referrers', '-o', file, inStock('team/app:1'), inStock('team/other:1'));
    await images('load', '--referrers', '-i', file, '--into', inStock('back'));
    expect(await verified('back/team/app')).toBe('team/app');
    expect(await verified('back/team/other')).toBe('team/other');
    // docker loads the image from it, and no signature.
    const listed = await must('tar', ['-xOf', file, 'manifest.json']);
    expect(JSON.parse(listed)).toHaveLength(1);
    expect(listed).not.toContain('.sig');
    // Without the option they stay behind.
    await images('load', '-i', file, '--into', inStock('bare'));
    await expect(verified('bare/team/app')).rejects.toThrow('404');
  });

  it('go through a layout in a folder, which skopeo reads', async () => {
    await images('copy', '--referrers', inStock('team/app:1'), `oci:${at('layout')}:1`);
    const seen = await must('skopeo', ['inspect', '--raw', `oci:${at('layout')}:${tag()}`]);
    expect(seen).toContain(SIGNATURE);
    await images('copy', '--referrers', `oci:${at('layout')}:1`, inStock('copied/app:1'));
    expect(await verified('copied/app')).toBe('team/app');
    const report = JSON.parse(await readFile(at('layout/index.json'), 'utf8'));
    expect(report.manifests).toHaveLength(2);
  });

  it('are left out of a docker-archive, which says so', async () => {
    const terminal = recordingTerminal();
    const line = ['copy', '--referrers', inStock('team/app:1'), `docker-archive:${at('classic.tar')}`];
    expect(await run(['images', ...line, '--plain-http'], terminal)).toBe(0);
    expect(terminal.stderr()).toContain('no place for signatures');
    expect(JSON.parse(await must('tar', ['-xOf', at('classic.tar'), 'manifest.json']))).toHaveLength(1);
  });
});
