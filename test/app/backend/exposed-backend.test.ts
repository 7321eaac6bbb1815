import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseBackend } from '../../../src/config/values/backend-url.ts';
import { exposureOf } from '../../../src/app/backend/exposed-backend.ts';
import { temporaryFolder } from '../../support/programs.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n';
const row = (local: string, state = '0A'): string =>
  `${HEAD}   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1\n`;

const EVERY_4 = '00000000:1388';
const EVERY_6 = '00000000000000000000000000000000:1388';

/** What is said of a backend where the kernel's table says this. */
async function said(url: string, table: string): Promise<string | undefined> {
  const parsed = parseBackend(url);
  if (!parsed.ok) throw new Error(parsed.reason);
  const folder = await temporaryFolder('tcp');
  const path = join(folder.path, 'tcp');
  await writeFile(path, table);
  try {
    return await exposureOf(parsed.value, [join(folder.path, 'none'), path]);
  } finally {
    await folder.close();
  }
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listenOn(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  closing.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('R163: a registry beside the gate', () => {
  it.each([
    ['on every address', 'http://127.0.0.1:5000', row(EVERY_4), true],
    ['on every address, by its name', 'http://localhost:5000', row(EVERY_4), true],
    ['on every address of IPv6', 'http://127.0.0.1:5000', row(EVERY_6), true],
    ['on every address, asked by IPv6', 'http://[::1]:5000', row(EVERY_6), true],
    ['with TLS', 'https://127.0.0.1:5000', row(EVERY_4), true],
    ['on loopback', 'http://127.0.0.1:5000', row('0100007F:1388'), false],
    ['on another port', 'http://127.0.0.1:5001', row(EVERY_4), false],
    ['that only asks others', 'http://127.0.0.1:5000', row(EVERY_4, '01'), false],
    ['on another machine', 'http://192.0.2.1:5000', row(EVERY_4), false],
    ['on another machine with a name', 'http://registry:5000', row(EVERY_4), false],
    ['on a socket', 'unix:/run/registry.sock', row(EVERY_4), false],
    ['inside the gate', 'embedded:/data', row(EVERY_4), false],
    ['that is not there', 'http://127.0.0.1:5000', '', false],
  ])('%s: %s', async (_name, url, table, isOpen) => {
    const sentence = await said(url, table);
    const warning = expect.stringMatching(/port 5000 .*goes around the gate.*127\.0\.0\.1/);
    expect(sentence).toEqual(isOpen ? warning : undefined);
  });

  it.runIf(process.platform === 'linux')('is seen as it is on this machine', async () => {
    const open = await listenOn('0.0.0.0');
    const closed = await listenOn('127.0.0.1');
    const of = (port: number): Promise<string | undefined> =>
      exposureOf({ kind: 'http', host: '127.0.0.1', port });
    expect(await of(open)).toContain(`port ${open}`);
    expect(await of(closed)).toBeUndefined();
  });
});
