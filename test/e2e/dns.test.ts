import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openClient, type Client } from '../faults/scripted-backend.ts';
import { GATE_MAIN } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until, type Daemon, type Folder } from '../support/programs.ts';
import { MOUNT_NEEDS, describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const NAME = 'registry.test';
const SLOW = `/v2/library/app/blobs/sha256:${'a'.repeat(64)}`;
const UPLOADS = '/v2/library/app/blobs/uploads/';

/** A registry that says where it stands; the slow layer ends when it is told to. */
interface Place {
  readonly server: Server;
  readonly slow: ServerResponse[];
}

async function openPlace(address: string, port: number): Promise<Place> {
  const slow: ServerResponse[] = [];
  const server = createServer((req, res) => {
    req.resume();
    if (req.url === SLOW) {
      slow.push(res.writeHead(200, { 'Content-Length': 20 }));
      res.write(address.padEnd(10));
    } else res.end(address);
  });
  server.listen(port, address);
  await once(server, 'listening');
  return { server, slow };
}

describeWith(MOUNT_NEEDS, 'a registry whose name gets another address', () => {
  let folder: Folder;
  let lender: TestGate;
  let hosts: string;
  let gate: Daemon;
  let first: Place;
  let second: Place;
  let port: number;
  const clients: Client[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder('dns');
    lender = await startTestGate({ backend: 'http://127.0.0.1:1' });
    first = await openPlace('127.0.0.1', 0);
    const at = (first.server.address() as AddressInfo).port;
    second = await openPlace('127.0.0.2', at);
    hosts = join(folder.path, 'hosts');
    await pointTo('127.0.0.1');
    const serve = ['serve', '--listen', '127.0.0.1:0', '--backend', `http://${NAME}:${at}`];
    // A hosts file of its own, as the one change of names that needs no server.
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const program = [process.execPath, GATE_MAIN, ...serve, '--certs', lender.certs];
    gate = startDaemon('unshare', ['-m', 'sh', '-c', script, hosts, ...program]);
    const [, found] = await gate.line(/"port":(\d+),"msg":"listening"/);
    port = Number(found);
  });
  afterAll(async () => {
    for (const one of clients) one.close();
    await gate.close();
    for (const { server } of [first, second]) {
      server.closeAllConnections();
      server.close();
    }
    await lender.close();
    await folder.close();
  });

  function pointTo(address: string): Promise<void> {
    return writeFile(hosts, `${address} ${NAME}\n`);
  }

  async function ask(method: string, path: string): Promise<Client> {
    const one = await openClient({ ...lender, port });
    clients.push(one);
    one.ask(method, path, ...(method === 'POST' ? ['Content-Length: 0'] : []));
    return one;
  }

  async function answered(method: string, path: string): Promise<string> {
    const { status, body } = await (await ask(method, path)).answer();
    return `${status} ${body}`;
  }

  it('is found there by each new connection; what runs ends where it began, and a kept connection dies well', async () => {
    expect(await answered('GET', '/v2/')).toBe('200 127.0.0.1');
    const running = await ask('GET', SLOW);
    await until(
      () => (running.text().includes('127.0.0.1') ? true : undefined),
      () => 'the pull does not begin',
    );
    expect(await answered('GET', '/v2/')).toBe('200 127.0.0.1');
    await pointTo('127.0.0.2');
    // What changes something has a connection of its own each time.
    expect(await answered('POST', UPLOADS)).toBe('200 127.0.0.2');
    // The connection that is kept is good as long as the old place serves.
    expect(await answered('GET', '/v2/')).toBe('200 127.0.0.1');
    first.slow[0]?.end('0123456789');
    expect((await running.answer()).body).toBe('127.0.0.1 0123456789');
    first.server.closeAllConnections();
    first.server.close();
    expect(await answered('GET', '/v2/')).toBe('200 127.0.0.2');
  });

  it('has none for a while: 502, and it is found again at once', async () => {
    second.server.closeAllConnections();
    await writeFile(hosts, '\n');
    expect(await answered('GET', '/v2/')).toMatch(/^502 .*UNAVAILABLE/);
    await pointTo('127.0.0.2');
    expect(await answered('GET', '/v2/')).toBe('200 127.0.0.2');
  });
});
