import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { startRollover } from '../../src/pki/authority/rollover.ts';
import { readAnnouncement } from '../../src/pki/authority/rollover-state.ts';
import { loadServerCertificate } from '../../src/pki/authority/server-certificate.ts';
import { followAuthority } from '../../src/pki/trust/follow.ts';
import { temporaryFolders } from '../pki/support.ts';

// Whoever has the key of a CA that is bound to some names can sign a successor that is bound to none. Clients that follow by
// themselves would then trust the thief for every name.

const folder = temporaryFolders();
const now = new Date();
const HOSTS = ['registry.lan', '127.0.0.1'];
type Constrain = boolean | string | undefined;

/** Serves with the certificate of a directory, and announces the next CA of another one. */
async function serve(directory: string, announcing: string): Promise<string> {
  const { cert, key } = await loadServerCertificate({ directory }, new Date());
  const text = await readAnnouncement(announcing);
  const server = createServer({ cert, key: key.reveal() }, (_request, response) => response.end(text));
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a client does that trusts a CA with the first bounds, when a CA with the second ones is announced. */
async function follow(first: Constrain, second: Constrain, added: readonly string[]): Promise<string> {
  const directory = join(await folder(), 'certs');
  const bounds = (constrain: Constrain): { readonly constrain?: boolean | string } =>
    constrain === undefined ? {} : { constrain };
  await initCertificates({ directory, hosts: HOSTS, now, ...bounds(first) });
  await startRollover({ directory, now, hosts: added, ...bounds(second) });
  const url = await serve(directory, directory);
  const trusted = await readFile(join(directory, 'ca.crt'), 'utf8');
  return followAuthority({ url, trusted, now }).then(
    () => 'trusted',
    (error: unknown) => String(error),
  );
}

it.each<{
  readonly name: string;
  readonly first: Constrain;
  readonly second: Constrain;
  readonly added?: readonly string[];
  readonly says: RegExp;
}>([
  { name: 'as bound', first: undefined, second: undefined, says: /^trusted$/ },
  { name: 'bound where it was free', first: false, second: undefined, says: /^trusted$/ },
  { name: 'as free', first: false, second: false, says: /^trusted$/ },
  { name: 'bound more tightly', first: undefined, second: true, says: /^trusted$/ },
  {
    name: 'bound to a part of a domain',
    first: 'lan,127.0.0.0/8',
    second: 'registry.lan,127.0.0.1',
    says: /^trusted$/,
  },
  { name: 'free of bounds', first: undefined, second: false, says: /may sign for every name, 0\.0\.0\.0\/0/ },
  {
    name: 'for one more public host',
    first: undefined,
    second: undefined,
    added: ['registry.example.org'],
    says: /may sign for registry\.example\.org, and/,
  },
  {
    name: 'for a wider domain',
    first: 'registry.lan,127.0.0.1',
    second: 'lan,127.0.0.1',
    says: /may sign for lan, and/,
  },
  {
    name: 'for a wider block',
    first: 'lan,127.0.0.1',
    second: 'lan,127.0.0.0/8',
    says: /may sign for 127\.0\.0\.0\/8, and/,
  },
  {
    name: 'for the other family of addresses',
    first: 'lan,127.0.0.1',
    second: 'lan,127.0.0.1,::/0',
    says: /may sign for ::\/0, and/,
  },
])('follows no CA beyond the bounds of the old one: $name', async ({ first, second, added = [], says }) => {
  expect(await follow(first, second, added)).toMatch(says);
});

it('follows no announcement of a server that the trusted CA does not verify, whatever the environment says', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const [directory, other] = [join(await folder(), 'certs'), join(await folder(), 'certs')];
  await initCertificates({ directory, hosts: HOSTS, now });
  await initCertificates({ directory: other, hosts: HOSTS, now });
  await startRollover({ directory, now, hosts: [] });
  const trusted = await readFile(join(directory, 'ca.crt'), 'utf8');
  const following = followAuthority({ url: await serve(other, directory), trusted, now });
  await expect(following).rejects.toMatchObject({
    code: 'TRUST_FAILED',
    message: expect.stringContaining("can't be fetched"),
  });
});
