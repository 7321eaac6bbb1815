import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCertsDirectories } from '../../../src/images/trust/certs-directories.ts';
import { AUTHORITY, craft } from '../../pki/craft.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

const ONE = craft({ name: 'one', extensions: AUTHORITY }).pem;
const TWO = craft({ name: 'two', extensions: AUTHORITY }).pem;
let folder: Folder;

beforeAll(async () => {
  folder = await temporaryFolder('certs-d');
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(join(folder.path, path, '..'), { recursive: true });
    await writeFile(join(folder.path, path), text);
  };
  await put('.config/docker/certs.d/registry.lan:5000/ca.crt', ONE);
  await put('.config/containers/certs.d/registry.lan:5000/more.crt', TWO);
  await put('.config/containers/certs.d/registry.lan:5000/client.cert', ONE);
  await put('.config/containers/certs.d/registry.lan:5000/client.key', 'the key');
  await put('.config/containers/certs.d/registry.lan:5000/lonely.cert', ONE);
  await put('.docker/certs.d/broken.lan/ca.crt', 'no certificate');
});
afterAll(() => folder.close());

const read = (registry: string) => readCertsDirectories(registry, { home: folder.path, env: {} });

describe('certs.d', () => {
  it('of docker and of podman are read together, for this registry with its port', async () => {
    expect(await read('registry.lan:5000')).toEqual({
      authorities: [TWO, ONE],
      client: { certificate: ONE, key: 'the key' },
    });
  });

  it.each(['registry.lan', 'other.lan'])('have nothing for %s', async (registry) => {
    expect(await read(registry)).toEqual({ authorities: [], client: undefined });
  });

  it('with a file that is no certificate are an error that names it', async () => {
    await expect(read('broken.lan')).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('broken.lan/ca.crt') as string,
    });
  });
});
