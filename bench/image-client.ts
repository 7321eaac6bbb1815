import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { must } from '../test/support/programs.ts';
import { MANIFEST_TYPE, MIB, PASSWORD, USER, type Fixture } from './fixture.ts';

export const LAYERS = 12;
/** MiB of each layer. */
export const LAYER_SIZE = 8;

const IMAGE = 'bench/image';

/** A folder with an image of twelve layers of noise, in the OCI layout. */
export async function makeImage({ folder, certs }: Fixture): Promise<string> {
  const layout = join(folder, 'image');
  const blobs = join(layout, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  await mkdir(join(folder, 'trust'), { recursive: true });
  await copyFile(join(certs, 'ca.crt'), join(folder, 'trust/ca.crt'));
  const put = async (bytes: Buffer, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const layers = [];
  for (let at = 0; at < LAYERS; at += 1) {
    // Stored, not squeezed: clients look for the form of gzip, and would pack anything else themselves.
    const bytes = gzipSync(randomBytes(LAYER_SIZE * MIB), { level: 0 });
    layers.push(await put(bytes, 'application/vnd.oci.image.layer.v1.tar+gzip'));
  }
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const config = await put(
    Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs })),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers };
  const annotations = { 'org.opencontainers.image.ref.name': '1' };
  const entry = { ...(await put(Buffer.from(JSON.stringify(manifest)), MANIFEST_TYPE)), annotations };
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  return layout;
}

/** Pushes the image by skopeo. */
export async function pushImage(fixture: Fixture, port: number, layout: string): Promise<void> {
  await skopeo(fixture, [`oci:${layout}:1`, `docker://127.0.0.1:${port}/${IMAGE}:1`], 'dest');
}

/** Pulls the image by skopeo into a folder that is thrown away. */
export async function pullImage(fixture: Fixture, port: number): Promise<void> {
  const folder = join(fixture.folder, `pulled-${port}`);
  try {
    await skopeo(fixture, [`docker://127.0.0.1:${port}/${IMAGE}:1`, `dir:${folder}`], 'src');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Empties the repository of the image, and the blobs that it shares with nothing. */
export async function forgetImage(data: string): Promise<void> {
  const root = join(data, 'docker/registry/v2');
  await rm(join(root, 'repositories', IMAGE), { recursive: true, force: true });
  await rm(join(root, 'blobs/sha256'), { recursive: true, force: true });
  await mkdir(join(root, 'blobs/sha256'), { recursive: true });
}

async function skopeo(fixture: Fixture, places: readonly string[], remote: 'src' | 'dest'): Promise<void> {
  const options = [
    `--${remote}-creds`,
    `${USER}:${PASSWORD}`,
    `--${remote}-cert-dir`,
    `${fixture.folder}/trust`,
  ];
  const env = { HOME: fixture.folder, XDG_DATA_HOME: fixture.folder };
  await must('skopeo', ['copy', '--insecure-policy', '-q', ...options, ...places], { env });
}
