import { once } from 'node:events';
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { connect } from 'node:tls';
import bcrypt from 'bcrypt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { basic, startTestGate, TEST_PASSWORD, TEST_USER, type TestGate } from '../support/test-gate.ts';
import { eventually, head, openClient, startBackend, type Backend, type Client } from './scripted-backend.ts';

let folder: Folder;
let backend: Backend;
let gate: TestGate;
let users: string;
let hash: string;
let clients: Client[] = [];
beforeEach(async () => {
  folder = await temporaryFolder('reload');
  await initCertificates({ directory: folder.path, hosts: ['127.0.0.1', 'localhost'], now: new Date() });
  hash = await bcrypt.hash(TEST_PASSWORD, 4);
  users = join(folder.path, 'htpasswd');
  await writeFile(users, `${TEST_USER}:${hash}\n`, { mode: 0o600 });
  backend = await startBackend(
    ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  );
  gate = await startTestGate({ backend: backend.url, config: { certs: folder.path, users, reloadMs: 50 } });
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await gate.close();
  await backend.close();
  await folder.close();
});

async function client(): Promise<Client> {
  const opened = await openClient({ ...gate, ca: await readFile(join(folder.path, 'ca.crt'), 'utf8') });
  clients.push(opened);
  return opened;
}

async function status(authorization = gate.authorization): Promise<number> {
  const one = await client();
  one.send(head('GET', '/v2/', `Authorization: ${authorization}`));
  return (await one.answer()).status;
}

/** Resolves once the gate has logged this again. */
async function logged(message: string): Promise<void> {
  const seen = gate.log.filter((line) => line.includes(message)).length;
  await eventually(message, () => gate.log.filter((line) => line.includes(message)).length > seen);
}

const OTHER = 'Another-Pa55';

describe('the users file', () => {
  it('with a user under another name: the old name is refused, although remembered with the very hash', async () => {
    expect(await status()).toBe(200);
    const reloaded = logged('users reloaded');
    await writeFile(users, `bob:${hash}\n`);
    await reloaded;
    expect([await status(), await status(basic('bob', TEST_PASSWORD))]).toEqual([401, 200]);
  });

  it('without a user who was there: refused on the next request, although remembered, on the same connection', async () => {
    const one = await client();
    one.ask('GET', '/v2/');
    expect(await one.answer()).toMatchObject({ status: 200 });
    const reloaded = logged('users reloaded');
    await writeFile(users, `bob:${await bcrypt.hash(OTHER, 4)}\n`);
    await reloaded;
    one.ask('GET', '/v2/');
    expect(await one.answer(1)).toMatchObject({ status: 401 });
  });

  const CHANGES: Readonly<Record<string, (text: string) => Promise<void>>> = {
    'edited in place': (text) => writeFile(users, text),
    'replaced at once': async (text) => {
      await writeFile(`${users}.new`, text, { mode: 0o600 });
      await rename(`${users}.new`, users);
    },
    'removed and made again': async (text) => {
      await rm(users);
      await writeFile(users, text, { mode: 0o600 });
    },
    'a symbolic link that is swapped': async (text) => {
      await writeFile(`${users}.other`, text, { mode: 0o600 });
      await symlink(`${users}.other`, `${users}.link`);
      await rename(`${users}.link`, users);
    },
  };
  for (const [name, change] of Object.entries(CHANGES)) {
    it(`${name}: a new password is good, the old one is not`, async () => {
      expect(await status()).toBe(200);
      const reloaded = logged('users reloaded');
      // As long as before, and within the same second.
      await change(`${TEST_USER}:${await bcrypt.hash(OTHER, 4)}\n`);
      await reloaded;
      expect([await status(), await status(basic(TEST_USER, OTHER))]).toEqual([401, 200]);
    });
  }

  const BROKEN: Readonly<Record<string, () => Promise<void>>> = {
    'is gone': () => rm(users),
    'has a bad line': () => writeFile(users, `${TEST_USER}:${hash}\nnonsense\n`),
    'has become a folder': async () => {
      await rm(users);
      await symlink(folder.path, users);
    },
  };
  for (const [name, damage] of Object.entries(BROKEN)) {
    it(`${name}: the users before stay, and it is logged; mended, it counts again`, async () => {
      const refused = logged('users not reloaded');
      await damage();
      await refused;
      expect(await status()).toBe(200);
      const reloaded = logged('users reloaded');
      await rm(users, { force: true });
      await writeFile(users, `${TEST_USER}:${await bcrypt.hash(OTHER, 4)}\n`, { mode: 0o600 });
      await reloaded;
      expect([await status(), await status(basic(TEST_USER, OTHER))]).toEqual([401, 200]);
    });
  }

  it('becomes empty: nobody gets in, and the log says why', async () => {
    const reloaded = logged('users reloaded');
    await writeFile(users, '# nobody\n');
    await reloaded;
    expect(await status()).toBe(401);
    expect(gate.log.some((line) => line.includes('nobody can sign in'))).toBe(true);
  });
});

/** SHA-256 of the certificate that a new connection is shown. */
async function shown(): Promise<string> {
  const socket = connect({ port: gate.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return createHash('sha256').update(raw).digest('hex');
}

/** Another certificate and key, of the same CA. */
async function makeOther(): Promise<{
  readonly cert: string;
  readonly key: string;
  readonly sha256: string;
}> {
  const directory = join(folder.path, 'other');
  await mkdir(directory, { mode: 0o700 });
  for (const file of ['ca.crt', 'ca.key']) await copyFile(join(folder.path, file), join(directory, file));
  await initCertificates({ directory, hosts: ['127.0.0.1', 'localhost'], now: new Date() });
  const cert = await readFile(join(directory, 'domain.crt'), 'utf8');
  const key = await readFile(join(directory, 'domain.key'), 'utf8');
  return { cert, key, sha256: createHash('sha256').update(new X509Certificate(cert).raw).digest('hex') };
}

describe('the certificate', () => {
  it('is exchanged: new connections see the new one, those that are open live on', async () => {
    const one = await client();
    const { cert, key, sha256 } = await makeOther();
    await writeFile(join(folder.path, 'domain.key'), key);
    await writeFile(join(folder.path, 'domain.crt'), cert);
    await eventually('the new one is shown', () =>
      gate.log.some((line) => line.includes('certificate reloaded')),
    );
    expect(await shown()).toBe(sha256);
    one.ask('GET', '/v2/');
    expect(await one.answer()).toMatchObject({ status: 200 });
  });

  it('is half written: the old one stays until the other half is there', async () => {
    const before = await shown();
    const { cert, key, sha256 } = await makeOther();
    const refused = logged('certificate not reloaded');
    await writeFile(join(folder.path, 'domain.crt'), cert);
    await refused;
    expect(await shown()).toBe(before);
    const reloaded = logged('certificate reloaded');
    await writeFile(join(folder.path, 'domain.key'), key);
    await reloaded;
    expect(await shown()).toBe(sha256);
  });

  const DAMAGE: Readonly<Record<string, () => Promise<void>>> = {
    'is nonsense': () => writeFile(join(folder.path, 'domain.crt'), 'nonsense'),
    'has a key that is nonsense': () => writeFile(join(folder.path, 'domain.key'), 'nonsense'),
    'is gone': () => rm(join(folder.path, 'domain.crt')),
    'is empty': () => writeFile(join(folder.path, 'domain.crt'), ''),
  };
  for (const [name, damage] of Object.entries(DAMAGE)) {
    it(`${name}: the old one stays, and it is logged`, async () => {
      const before = await shown();
      const refused = logged('certificate not reloaded');
      await damage();
      await refused;
      expect(await shown()).toBe(before);
      expect(await status()).toBe(200);
    });
  }
});
