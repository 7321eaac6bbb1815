import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keyToPem } from '../../../src/pki/x509/key-pair.ts';
import { CLIENTS, type Client } from '../../../src/pki/x509/refusal.ts';
import { run } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { CLIENT_CASES, type Material } from '../client-cases.ts';
import { temporaryFolders } from '../support.ts';

const folder = temporaryFolders();

const NODE = `
const [port, file] = process.argv.slice(1);
const socket = require('node:tls').connect({ host: '127.0.0.1', port, ca: require('node:fs').readFileSync(file) });
socket.on('secureConnect', () => process.exit(0));
socket.on('error', () => process.exit(1));
`;

/** Each with the CA of the folder and nothing else; the exit status is the verdict. */
const COMMANDS: Readonly<Record<Client, (port: number, directory: string) => readonly string[]>> = {
  go: (port, directory) => [
    'skopeo',
    'list-tags',
    '--cert-dir',
    join(directory, 'trust'),
    `docker://127.0.0.1:${port}/app`,
  ],
  curl: (port, directory) => [
    'curl',
    '-sS',
    '--cacert',
    join(directory, 'ca.crt'),
    `https://127.0.0.1:${port}/v2/`,
  ],
  openssl: (port, directory) => sClient(port, directory),
  strict: (port, directory) => [...sClient(port, directory), '-x509_strict'],
  node: (port, directory) => [process.execPath, '-e', NODE, `${port}`, join(directory, 'ca.crt')],
  gnutls: (port, directory) => [
    'gnutls-cli',
    '--x509cafile',
    join(directory, 'ca.crt'),
    '-p',
    `${port}`,
    '127.0.0.1',
  ],
};

function sClient(port: number, directory: string): readonly string[] {
  const trust = ['-CAfile', join(directory, 'ca.crt'), '-verify_return_error', '-verify_ip', '127.0.0.1'];
  return ['openssl', 's_client', '-connect', `127.0.0.1:${port}`, ...trust];
}

async function refusers({ authority, chain, key }: Material): Promise<readonly Client[]> {
  const directory = await folder();
  await mkdir(join(directory, 'trust'));
  await writeFile(join(directory, 'ca.crt'), authority);
  await copyFile(join(directory, 'ca.crt'), join(directory, 'trust', 'ca.crt'));
  const server = createServer({ cert: chain, key: keyToPem(key) }, (_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"name":"app","tags":["1"]}');
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const refusing: Client[] = [];
  for (const client of CLIENTS) {
    const [program = '', ...args] = COMMANDS[client](port, directory);
    // Debian's OpenSSL looks for more roots in a folder; it must find none.
    const { status } = await run(program, args, { env: { SSL_CERT_DIR: join(directory, 'none') } });
    if (status !== 0) refusing.push(client);
  }
  server.closeAllConnections();
  server.close();
  return refusing;
}

describeWith(['openssl', 'curl', 'gnutls-cli', 'skopeo'], 'real clients', () => {
  it.each(CLIENT_CASES)('$name is refused by $refusedBy', async ({ make, refusedBy }) => {
    expect(await refusers(make())).toEqual(refusedBy);
  });
});
