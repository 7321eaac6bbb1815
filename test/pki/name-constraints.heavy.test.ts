import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeLeaf } from '../../src/pki/authority/issue.ts';
import { readAuthority } from '../../src/pki/authority/authority.ts';
import { namesOutside } from '../../src/pki/x509/name-constraints.ts';
import { parseSubjectNames } from '../../src/pki/x509/subject-names.ts';
import { must, run } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { makeDirectory, readCertificate, temporaryFolders } from './support.ts';

const folder = temporaryFolders();

/** What `certs init --host registry.example.org --host 203.0.113.7` may sign without further options. */
const INSIDE = [
  'registry.example.org',
  'team.registry.example.org',
  '*.registry.example.org',
  'registry.lan',
  'a.b.registry.internal',
  'nas.local',
  'nas.home.arpa',
  'nas.home',
  'registry.corp',
  'localhost',
  '203.0.113.7',
  '10.9.8.7',
  '172.31.0.1',
  '192.168.178.2',
  '100.64.0.9',
  '169.254.1.1',
  'fd12::1',
  'fe80::1',
  '::1',
];
const OUTSIDE = [
  'example.org',
  'other.example.org',
  'registry.example.org.evil.com',
  'evilregistry.example.org',
  'bank.com',
  'registry.plan',
  'nas',
  'www.arpa',
  '203.0.113.8',
  '8.8.8.8',
  '172.32.0.1',
  '192.169.0.1',
  '2001:db8::1',
  '::2',
];

const NODE = `
const [port, file] = process.argv.slice(1);
const socket = require('node:tls').connect({ host: '127.0.0.1', port, ca: require('node:fs').readFileSync(file) });
socket.on('secureConnect', () => process.exit(0));
socket.on('error', () => process.exit(1));
`;
const PYTHON = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
context.wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1]))), server_hostname='127.0.0.1')
`;

/** Each trusts only the CA of the folder, and connects to 127.0.0.1, which every certificate names too. */
const CLIENTS: Readonly<Record<string, (port: number, directory: string) => readonly string[]>> = {
  go: (port, at) => [
    'skopeo',
    'list-tags',
    '--cert-dir',
    join(at, 'trust'),
    `docker://127.0.0.1:${port}/app`,
  ],
  curl: (port, at) => ['curl', '-sS', '--cacert', join(at, 'ca.crt'), `https://127.0.0.1:${port}/v2/`],
  openssl: (port, at) => [
    'openssl',
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-x509_strict',
    '-verify_return_error',
    '-verify_ip',
    '127.0.0.1',
    '-CAfile',
    join(at, 'ca.crt'),
  ],
  gnutls: (port, at) => ['gnutls-cli', '--x509cafile', join(at, 'ca.crt'), '-p', `${port}`, '127.0.0.1'],
  node: (port, at) => [process.execPath, '-e', NODE, `${port}`, join(at, 'ca.crt')],
  python: (port, at) => ['python3', '-c', PYTHON, `${port}`, join(at, 'ca.crt')],
  // The library of Firefox verifies files.
  nss: (_port, at) => ['certutil', '-V', '-d', join(at, 'nss'), '-u', 'V', '-n', 'leaf'],
};

/** A certificate that a thief of the key could make: it names this host beside 127.0.0.1. */
async function forge(host: string): Promise<string> {
  const directory = await makeDirectory(await folder(), { hosts: ['registry.example.org', '203.0.113.7'] });
  const authority = await readAuthority(directory);
  if (authority === undefined) throw new Error('no CA');
  const names = parseSubjectNames([host, '127.0.0.1']);
  const asked = { names, keyKind: 'ecdsa', days: 90, now: new Date(), random: randomBytes } as const;
  const { key, certificate } = await makeLeaf(authority, asked);
  await writeFile(join(directory, 'leaf.crt'), certificate);
  await writeFile(join(directory, 'leaf.key'), key);
  return directory;
}

async function verdicts(directory: string): Promise<Record<string, boolean>> {
  await mkdir(join(directory, 'trust'));
  await copyFile(join(directory, 'ca.crt'), join(directory, 'trust', 'ca.crt'));
  await mkdir(join(directory, 'nss'));
  const nss = ['-d', join(directory, 'nss')];
  await must('certutil', ['-N', ...nss, '--empty-password']);
  await must('certutil', ['-A', ...nss, '-n', 'ca', '-t', 'C,,', '-a', '-i', join(directory, 'ca.crt')]);
  await must('certutil', ['-A', ...nss, '-n', 'leaf', '-t', ',,', '-a', '-i', join(directory, 'leaf.crt')]);
  const [cert, key] = await Promise.all(
    ['leaf.crt', 'leaf.key'].map((file) => readFile(join(directory, file), 'utf8')),
  );
  const server = createServer({ cert, key }, (_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"name":"app","tags":["1"]}');
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted: Record<string, boolean> = {};
  for (const [client, command] of Object.entries(CLIENTS)) {
    const [program = '', ...args] = command(port, directory);
    const { status } = await run(program, args, { env: { SSL_CERT_DIR: join(directory, 'none') } });
    accepted[client] = status === 0;
  }
  server.closeAllConnections();
  server.close();
  return accepted;
}

describeWith(
  ['openssl', 'curl', 'gnutls-cli', 'skopeo', 'python3', 'certutil'],
  'a CA of certs init, whose key was stolen',
  () => {
    const everybody = (verdict: boolean): Record<string, boolean> =>
      Object.fromEntries(Object.keys(CLIENTS).map((client) => [client, verdict]));

    it.each(INSIDE)('may sign %s, says every client', async (host) => {
      const directory = await forge(host);
      const authority = await readCertificate(directory, 'ca.crt');
      expect(namesOutside(authority, parseSubjectNames([host]))).toEqual([]);
      expect(await verdicts(directory)).toEqual(everybody(true));
    });

    it.each(OUTSIDE)('must not sign %s, says every client', async (host) => {
      const directory = await forge(host);
      const authority = await readCertificate(directory, 'ca.crt');
      expect(namesOutside(authority, parseSubjectNames([host]))).toEqual([host]);
      expect(await verdicts(directory)).toEqual(everybody(false));
    });
  },
);
