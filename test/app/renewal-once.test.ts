import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { schema } from '../../src/config/schema/schema.ts';
import { createLog } from '../../src/observe/access-log.ts';
import { startGate } from '../../src/app/start.ts';
import { createLocalBus } from '../../src/cluster/local-bus.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';

const DAY = 86_400_000;

describe('a certificate that is due', () => {
  let folder: Folder;

  beforeEach(async () => {
    folder = await temporaryFolder('due');
    const now = new Date(Date.now() - 80 * DAY);
    await initCertificates({ directory: folder.path, hosts: ['127.0.0.1'], now });
    await writeFile(join(folder.path, 'htpasswd'), 'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n');
  });
  afterEach(() => folder.close());

  it.each([
    { who: 'the only process', slot: 0, size: 1, renews: true },
    { who: 'the first worker', slot: 0, size: 2, renews: true },
    { who: 'another worker', slot: 1, size: 2, renews: false },
  ])('is renewed by $who: $renews', async ({ slot, size, renews }) => {
    const certificate = join(folder.path, 'domain.crt');
    const before = await readFile(certificate, 'utf8');
    const parsed = schema.parse({ listen: '127.0.0.1:0', certs: folder.path });
    const config = { ...parsed, users: join(folder.path, 'htpasswd'), state: folder.path };
    const log = createLog({ level: 'debug', destination: { write: () => undefined } });
    const bus = { ...createLocalBus().bus, slot, size };
    const gate = await startGate(config, log, { bus, secrets: undefined });
    await gate.stop();
    expect((await readFile(certificate, 'utf8')) !== before).toBe(renews);
  });
});
