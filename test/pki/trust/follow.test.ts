import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { retireRollover, startRollover, switchRollover } from '../../../src/pki/authority/rollover.ts';
import { readAnnouncement } from '../../../src/pki/authority/rollover-state.ts';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import { followAuthority } from '../../../src/pki/trust/follow.ts';
import { parseCertificates } from '../../../src/pki/x509/certificate-file.ts';
import { run } from '../../../src/cli/program.ts';
import { recordingTerminal } from '../../support/terminal.ts';
import { makeDirectory, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const now = new Date();

/** Serves like a gate of this directory; what it announces may come from another one. */
async function serve(directory: string, announcing = directory): Promise<string> {
  const { cert, key } = await loadServerCertificate({ directory }, new Date());
  const server = createServer({ cert, key: key.reveal() }, (request, response) => {
    void readAnnouncement(announcing).then((text) => {
      response.statusCode = request.url === '/ca-next.crt' && text !== undefined ? 200 : 404;
      response.end(text);
    });
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const made = async (): Promise<string> => makeDirectory(await folder(), { now });
const authorityOf = (directory: string): Promise<string> => readFile(join(directory, 'ca.crt'), 'utf8');

async function announced(): Promise<string> {
  const directory = await made();
  await startRollover({ directory, now, hosts: [] });
  return directory;
}

describe('followAuthority', () => {
  it('keeps what is trusted while nothing is announced', async () => {
    const directory = await made();
    const trusted = await authorityOf(directory);
    expect(await followAuthority({ url: `https://${await serve(directory)}`, trusted, now })).toBe(trusted);
  });

  it('adds the next CA once, before the switch and after it', async () => {
    const directory = await announced();
    const old = await authorityOf(directory);
    const both = await followAuthority({ url: `https://${await serve(directory)}`, trusted: old, now });
    expect(parseCertificates(both, '')).toHaveLength(2);
    await switchRollover({ directory, now });
    expect(both).toBe(old + (await authorityOf(directory)));
    const url = `https://${await serve(directory)}`;
    expect(await followAuthority({ url, trusted: old, now })).toBe(both);
    expect(await followAuthority({ url, trusted: both, now })).toBe(both);
    await retireRollover({ directory });
    expect(await followAuthority({ url: `https://${await serve(directory)}`, trusted: both, now })).toBe(
      both,
    );
  });

  it('refuses a CA that the trusted one has not signed', async () => {
    const [directory, other] = [await made(), await announced()];
    const following = followAuthority({
      url: `https://${await serve(directory, other)}`,
      trusted: await authorityOf(directory),
      now,
    });
    await expect(following).rejects.toMatchObject({
      code: 'TRUST_FAILED',
      message: expect.stringContaining('no trusted CA has signed it'),
    });
  });

  it('refuses a server that the trusted CA does not verify', async () => {
    const directory = await announced();
    const trusted = await authorityOf(await made());
    const following = followAuthority({ url: `https://${await serve(directory)}`, trusted, now });
    await expect(following).rejects.toMatchObject({ code: 'TRUST_FAILED' });
  });
});

describe('certs trust --follow', () => {
  it('writes both into the file of the client, and changes nothing the second time', async () => {
    const directory = await announced();
    const registry = await serve(directory);
    const home = await folder();
    const file = join(home, 'trusted.crt');
    await writeFile(file, await authorityOf(directory));
    await mkdir(join(home, 'docker'));
    const follow = async (): Promise<string> => {
      const terminal = recordingTerminal({ env: { HOME: home, XDG_CONFIG_HOME: home } });
      const args = ['--for', 'containerd', '--follow', '--ca', file, '--dry-run', '--json'];
      expect(await run(['certs', 'trust', registry, ...args], terminal)).toBe(0);
      return terminal.stdout();
    };
    const { steps } = JSON.parse(await follow()) as { steps: { content: string }[] };
    expect(steps).toHaveLength(1);
    expect(parseCertificates(steps[0]?.content ?? '', '')).toHaveLength(2);
  });

  it.each([
    { name: 'without --ca', args: [], status: 2, says: /--follow needs --ca/ },
    {
      name: 'with --from',
      args: ['--ca', 'x', '--from', 'https://r.lan'],
      status: 2,
      says: /neither --from/,
    },
    { name: 'with a file that is not there', args: ['--ca', '/none'], status: 2, says: /no CA to follow/ },
  ])('refuses to run $name', async ({ args, status, says }) => {
    const terminal = recordingTerminal();
    const words = ['certs', 'trust', 'r.lan', '--for', 'docker', '--follow', ...args];
    expect(await run(words, terminal)).toBe(status);
    expect(terminal.stderr()).toMatch(says);
  });
});
