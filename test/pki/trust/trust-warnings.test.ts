import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ClientMachine } from '../../../src/pki/trust/stores/store.ts';
import { insecureWarning } from '../../../src/pki/trust/trust-warnings.ts';
import { parseRegistry } from '../../../src/pki/trust/trust-target.ts';
import { temporaryFolders } from '../support.ts';
import { rootMachine } from './machines.ts';

const folder = temporaryFolders();

async function machine(daemon: string, isRoot = true): Promise<ClientMachine> {
  const root = await folder();
  const configHome = join(root, 'home/.config');
  const directory = isRoot ? join(root, 'etc/docker') : join(configHome, 'docker');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'daemon.json'), daemon);
  return rootMachine(root, { isRoot, configHome });
}

describe('insecure-registries in daemon.json', () => {
  it.each([
    { listed: '["registry.lan"]', registry: 'registry.lan', warned: true },
    { listed: '["Registry.lan:443"]', registry: 'registry.lan', warned: true },
    { listed: '["http://registry.lan:5000"]', registry: 'registry.lan:5000', warned: true },
    { listed: '["registry.lan:5000"]', registry: 'registry.lan', warned: false },
    { listed: '["10.0.0.0/8"]', registry: '10.0.0.5:5000', warned: true },
    { listed: '["10.0.0.0/8"]', registry: '192.168.0.5', warned: false },
    { listed: '["10.0.0.0/8"]', registry: 'registry.lan', warned: false },
    { listed: '[]', registry: 'registry.lan', warned: false },
    { listed: '"registry.lan"', registry: 'registry.lan', warned: false },
  ])('$listed: $registry is warned of: $warned', async ({ listed, registry, warned }) => {
    const text = `{"insecure-registries": ${listed}}`;
    const endpoint = parseRegistry(registry);
    for (const isRoot of [true, false]) {
      const warning = await insecureWarning('docker', await machine(text, isRoot), endpoint);
      expect(warning === undefined).toBe(!warned);
    }
    expect(await insecureWarning('podman', await machine(text), endpoint)).toBeUndefined();
  });

  it('names the file, the entry and what to do', async () => {
    const warning = await insecureWarning(
      'docker',
      await machine('{"insecure-registries":["a.lan"]}'),
      parseRegistry('a.lan'),
    );
    expect(warning).toMatch(/daemon\.json has "a\.lan" in its insecure-registries: .*restart Docker/);
  });

  it.each(['', '{', '[]', 'null', '{"insecure-registries":[1,null]}'])('reads past %j', async (text) => {
    expect(await insecureWarning('docker', await machine(text), parseRegistry('a.lan'))).toBeUndefined();
  });
});
