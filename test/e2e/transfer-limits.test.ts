import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PASSWORD, USER, makeCerts, startGate, type GateProcess } from '../support/gate-process.ts';
import { blobsOf, writeImage, type Image } from '../support/images.ts';
import { must, temporaryFolder, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const LOGIN = `${USER}:${PASSWORD}`;

describeWith(['skopeo'], 'a gate that lets one layer pass at a time, at 8 MB/s', () => {
  let folder: Folder;
  let gate: GateProcess;
  let image: Image;

  beforeAll(async () => {
    folder = await temporaryFolder('transfer-limits');
    const certs = join(folder.path, 'certs');
    const config = join(folder.path, 'registry-gate.yml');
    await makeCerts(certs, ['127.0.0.1']);
    await mkdir(join(folder.path, 'trust'));
    await copyFile(join(certs, 'ca.crt'), join(folder.path, 'trust/ca.crt'));
    await writeFile(config, 'limits: {transfers: 1, bandwidth: 8MB/s}\n');
    const backend = `embedded:${join(folder.path, 'data')}`;
    gate = await startGate({ certs, backend, args: ['--config', config] });
    image = await writeImage(join(folder.path, 'image'), 8);
  });
  afterAll(async () => {
    await gate.close();
    await folder.close();
  });

  it('serves a client that pushes and pulls several at once: they wait for their turn', async () => {
    const trust = join(folder.path, 'trust');
    const there = (name: string): string => `docker://${gate.name}/team/${name}:1`;
    const names = ['one', 'two', 'three'];
    const push = ['copy', '--dest-cert-dir', trust, '--dest-creds', LOGIN, `oci:${image.layout}:1`];
    await Promise.all(names.map((name) => must('skopeo', [...push, there(name)])));
    const pull = ['copy', '--src-cert-dir', trust, '--src-creds', LOGIN];
    const back = (name: string): string => join(folder.path, name);
    await Promise.all(names.map((name) => must('skopeo', [...pull, there(name), `oci:${back(name)}:1`])));
    const blobs = await blobsOf(image.layout);
    for (const name of names) expect(await blobsOf(back(name))).toEqual(blobs);
  });
});
