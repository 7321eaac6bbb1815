import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorityFingerprint } from '../../../src/pki/x509/certificate-file.ts';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import {
  checkAuthority,
  downloadAuthority,
  readAuthorityFile,
  readAuthorityOf,
} from '../../../src/pki/trust/authority-source.ts';
import { makeDirectory, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();

describe('checkAuthority', () => {
  it.each([
    { name: 'a key beside it', files: ['ca.crt', 'ca.key'], says: /private key/ },
    { name: 'a key alone', files: ['ca.key'], says: /private key/ },
    {
      name: 'a leaf',
      files: ['domain.crt'],
      says: /is the certificate of O=registry-gate, CN=registry\.lan, not of a CA/,
    },
    { name: 'a chain', files: ['domain.crt', 'ca.crt'], says: /2 certificates/ },
    { name: 'nothing', files: [], says: /no certificate/ },
  ])('refuses $name', async ({ files, says }) => {
    const directory = await makeDirectory(await folder());
    const parts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
    expect(() => checkAuthority(parts.join(''), 'x.crt')).toThrow(says);
  });

  it('passes on the certificate, and nothing that stands around it', async () => {
    const directory = await makeDirectory(await folder());
    const pem = await readFile(join(directory, 'ca.crt'), 'utf8');
    await writeFile(join(directory, 'ca.crt'), `# a remark\r\n${pem.replaceAll('\n', '\r\n')}\nmore`);
    expect(await readAuthorityOf(directory)).toBe(pem);
  });

  it('explains a file that is not there', async () => {
    const reading = readAuthorityFile('/nowhere/ca.crt');
    await expect(reading).rejects.toMatchObject({
      code: 'CERT_MISSING',
      hint: expect.stringContaining('--from'),
    });
  });
});

describe('downloadAuthority', () => {
  let server: Server;
  let url = '';
  let pem = '';
  let answer: RequestListener = () => undefined;

  beforeAll(async () => {
    const directory = await makeDirectory(await folder(), { hosts: ['other.lan'] });
    pem = await readFile(join(directory, 'ca.crt'), 'utf8');
    const { cert, key } = await loadServerCertificate({ directory }, new Date());
    server = createServer({ cert, key: key.reveal() }, (request, response) => answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const serves =
    (text: string, status = 200): RequestListener =>
    (request, response) => {
      response.writeHead(request.url === '/ca.crt' ? status : 404).end(text);
    };

  it.each([
    { name: 'plain', write: (hex: string) => hex },
    {
      name: 'in capitals with colons',
      write: (hex: string) => hex.toUpperCase().replaceAll(/(..)(?!$)/g, '$1:'),
    },
  ])('believes the certificate of the fingerprint, written $name', async ({ write }) => {
    answer = serves(pem);
    expect(await downloadAuthority({ url, fingerprint: write(authorityFingerprint(pem)) })).toBe(pem);
    expect(await downloadAuthority({ url: `${url}/v2/`, fingerprint: authorityFingerprint(pem) })).toBe(pem);
    const seen: string[] = [];
    const onServer = ({ subjectAltName = '' }: X509Certificate): void => void seen.push(subjectAltName);
    await downloadAuthority({ url, fingerprint: authorityFingerprint(pem), onServer });
    expect(seen).toEqual([expect.stringContaining('DNS:other.lan')]);
  });

  it('does not believe another one', async () => {
    answer = serves(pem);
    const download = downloadAuthority({ url, fingerprint: 'ab'.repeat(32) });
    await expect(download).rejects.toMatchObject({
      code: 'TRUST_FAILED',
      message: expect.stringContaining(authorityFingerprint(pem)),
    });
  });

  it.each([
    { name: 'a redirect', answers: serves('', 302), says: /answered 302/ },
    { name: 'an error', answers: serves('{}', 404), says: /answered 404/ },
    { name: 'no certificate', answers: serves('<html>'), says: /no certificate/ },
    { name: 'an endless answer', answers: serves('x'.repeat(100_000)), says: /too long/ },
    {
      name: 'a broken answer',
      answers: ((_request, response) => response.socket?.destroy()) as RequestListener,
      says: /can't be fetched/,
    },
    { name: 'silence', answers: (() => undefined) as RequestListener, says: /can't be fetched/ },
  ])('refuses $name', async ({ answers, says }) => {
    answer = answers;
    const download = downloadAuthority({ url, fingerprint: authorityFingerprint(pem), timeoutMs: 300 });
    await expect(download).rejects.toThrow(says);
  });

  it.each([
    { name: 'http', from: 'http://127.0.0.1', fingerprint: 'ab'.repeat(32), says: /--from takes https/ },
    { name: 'no URL', from: 'registry.lan', fingerprint: 'ab'.repeat(32), says: /--from takes https/ },
    { name: 'a short fingerprint', from: 'https://127.0.0.1', fingerprint: 'ab', says: /64 hexadecimal/ },
    { name: 'SHA-1', from: 'https://127.0.0.1', fingerprint: 'ab'.repeat(20), says: /64 hexadecimal/ },
  ])('refuses $name before it asks anybody', async ({ from, fingerprint, says }) => {
    const download = downloadAuthority({ url: from, fingerprint });
    await expect(download).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(says) });
  });
});
