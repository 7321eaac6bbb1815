import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAuthority } from '../../src/pki/authority/authority.ts';
import { signCertificate, distinguishedName } from '../../src/pki/x509/certificate-der.ts';
import { certificateParts } from '../../src/pki/x509/der-reader.ts';
import {
  authorityKeyIdentifier,
  leafConstraints,
  leafKeyUsage,
  serverAuth,
  subjectAltName,
  subjectKeyIdentifier,
} from '../../src/pki/x509/extensions.ts';
import { keyToPem, makeKey } from '../../src/pki/x509/key-pair.ts';
import { loadServerCertificate } from '../../src/pki/authority/server-certificate.ts';
import { parseSubjectNames } from '../../src/pki/x509/subject-names.ts';
import { serialNumber, validityFrom } from '../../src/pki/authority/validity.ts';
import { run, type Ran } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { makeDirectory, temporaryFolders } from './support.ts';

const folder = temporaryFolders();

const COVERED = [
  { kind: 'hostname', host: 'registry.lan' },
  { kind: 'hostname', host: 'team.registry.lan' },
  { kind: 'hostname', host: 'localhost' },
  { kind: 'ip', host: '127.0.0.1' },
  { kind: 'ip', host: '10.0.0.5' },
  { kind: 'ip', host: '::1' },
] as const;
const NOT_COVERED = [
  { kind: 'hostname', host: 'registry.example' },
  { kind: 'hostname', host: 'a.b.registry.lan' },
  { kind: 'hostname', host: '10.0.0.5' },
  { kind: 'ip', host: '10.0.0.6' },
] as const;

/** What a thief of the key of a CA could make: a certificate for any name, whatever the constraints. */
async function forge(directory: string, hosts: readonly string[]): Promise<void> {
  const authority = await readAuthority(directory);
  if (authority === undefined) throw new Error('no CA');
  const { privateKey, publicKey } = await makeKey('ecdsa');
  const names = parseSubjectNames(hosts);
  const certificate = signCertificate(
    {
      serial: serialNumber(),
      issuer: certificateParts(authority.certificate).subject,
      subject: distinguishedName(),
      ...validityFrom(new Date(), 90),
      publicKey,
      extensions: [
        subjectAltName(names),
        leafConstraints(),
        leafKeyUsage('ecdsa'),
        serverAuth(),
        subjectKeyIdentifier(publicKey),
        authorityKeyIdentifier(authority.certificate),
      ],
    },
    authority.key,
  );
  await writeFile(join(directory, 'domain.key'), keyToPem(privateKey));
  await writeFile(join(directory, 'domain.crt'), certificate);
}

/** Runs a command as it is typed, without quotes. */
function typed(line: string): Promise<Ran> {
  const [program = '', ...args] = line.split(' ');
  return run(program, args);
}

interface Listening {
  readonly port: number;
  close(): void;
}

/** A registry of the smallest kind, on TLS with what loadServerCertificate returns. */
async function serveDirectory(directory: string): Promise<Listening> {
  const { cert, key } = await loadServerCertificate({ directory }, new Date());
  const server = createServer({ cert, key: key.reveal() }, (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(request.url?.startsWith('/v2/') === true ? '{"name":"x","tags":["1"]}' : '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The error code with which a Node.js client refuses, or undefined. */
async function nodeVerdict(port: number, ca: string, servername: string): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port, ca, ...(servername === '' ? {} : { servername }) });
  try {
    await once(socket, 'secureConnect');
    return undefined;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

const VARIANTS = [
  { keyKind: 'ecdsa', constrain: false },
  { keyKind: 'ecdsa', constrain: true },
  { keyKind: 'rsa', constrain: false },
  { keyKind: 'rsa', constrain: true },
] as const;

describe.each(VARIANTS)('$keyKind, constrained $constrain', (options) => {
  let directory = '';
  let server: Listening;
  const authorityFile = (): string => join(directory, 'ca.crt');

  beforeAll(async () => {
    directory = await makeDirectory(await folder(), options);
    server = await serveDirectory(directory);
  });
  afterAll(() => server.close());

  describeWith(['openssl'], 'openssl verify -x509_strict', () => {
    const verify = (kind: string, host: string): Promise<{ status: number; output: string }> =>
      typed(
        `openssl verify -x509_strict -purpose sslserver -verify_${kind} ${host} -CAfile ${authorityFile()} ${join(directory, 'domain.crt')}`,
      );

    it.each(COVERED)('accepts $kind $host', async ({ kind, host }) => {
      expect(await verify(kind, host)).toMatchObject({ status: 0 });
    });

    it.each(NOT_COVERED)('refuses $kind $host', async ({ kind, host }) => {
      const { status, output } = await verify(kind, host);
      expect(status).not.toBe(0);
      expect(output).toMatch(/mismatch/);
    });
  });

  describeWith(['certtool', 'gnutls-cli'], 'gnutls', () => {
    it.each(['registry.lan', 'team.registry.lan'])('certtool accepts %s', async (host) => {
      const { status, output } = await typed(
        `certtool --verify --verify-profile medium --verify-hostname ${host} --load-ca-certificate ${authorityFile()} --infile ${join(directory, 'domain.crt')}`,
      );
      expect(output).toContain('Verified. The certificate is trusted.');
      expect(status).toBe(0);
    });

    it.each([
      { host: '127.0.0.1', accepted: true },
      { host: 'registry.lan', accepted: true },
      { host: 'registry.example', accepted: false },
    ])('gnutls-cli accepts $host: $accepted', async ({ host, accepted }) => {
      const { status } = await typed(
        `gnutls-cli --x509cafile ${authorityFile()} -p ${server.port} --verify-hostname ${host} 127.0.0.1`,
      );
      expect(status === 0).toBe(accepted);
    });
  });

  describe('a Node.js client', () => {
    it.each([
      { servername: '', verdict: undefined },
      { servername: 'registry.lan', verdict: undefined },
      { servername: 'team.registry.lan', verdict: undefined },
      { servername: 'registry.example', verdict: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    ])('says $verdict to "$servername"', async ({ servername, verdict }) => {
      const { authority = '' } = await loadServerCertificate({ directory }, new Date());
      expect(await nodeVerdict(server.port, authority, servername)).toBe(verdict);
    });
  });

  describeWith(['curl'], 'curl', () => {
    it.each(['registry.lan', 'team.registry.lan', 'localhost', '127.0.0.1'])('accepts %s', async (host) => {
      const { status, output } = await typed(
        `curl -sS --cacert ${authorityFile()} --resolve ${host}:${server.port}:127.0.0.1 https://${host}:${server.port}/v2/`,
      );
      expect(output).toContain('tags');
      expect(status).toBe(0);
    });
  });

  describeWith(['skopeo'], 'a Go client', () => {
    it.each([
      { certDir: true, accepted: true, says: /"1"/ },
      { certDir: false, accepted: false, says: /x509|certificate/ },
    ])('accepts it with our CA: $certDir', async ({ certDir, accepted, says }) => {
      const trust = await folder();
      if (certDir) await copyFile(authorityFile(), join(trust, 'ca.crt'));
      const { status, output } = await typed(
        `skopeo list-tags --cert-dir ${trust} docker://127.0.0.1:${server.port}/x`,
      );
      expect(status === 0).toBe(accepted);
      expect(output).toMatch(says);
    });
  });
});

describe('a constrained CA whose key was stolen', () => {
  const STOLEN = [
    {
      name: 'for addresses outside',
      made: ['registry.lan', '10.0.0.5'],
      forged: ['127.0.0.1'],
      permitted: false,
    },
    {
      name: 'for a domain outside',
      made: ['registry.lan', '10.0.0.5'],
      forged: ['bank.example', '10.0.0.5'],
      permitted: false,
    },
    {
      name: 'for any address where no address is permitted',
      made: ['registry.lan'],
      forged: ['127.0.0.1'],
      permitted: false,
    },
    {
      name: 'for any domain where no domain is permitted',
      made: ['127.0.0.1'],
      forged: ['bank.example'],
      permitted: false,
    },
    {
      name: 'for a neighbour within',
      made: ['registry.lan', '127.0.0.1'],
      forged: ['other.registry.lan', '127.9.9.9', '127.0.0.1'],
      permitted: true,
    },
  ];

  describe.each(STOLEN)('forged $name: permitted $permitted', ({ made, forged, permitted }) => {
    let directory = '';
    let server: Listening;
    beforeAll(async () => {
      directory = await makeDirectory(await folder(), { hosts: made, constrain: true });
      await forge(directory, forged);
      server = await serveDirectory(directory);
    });
    afterAll(() => server.close());

    it('Node.js', async () => {
      const { authority = '' } = await loadServerCertificate({ directory }, new Date());
      const verdict = await nodeVerdict(
        server.port,
        authority,
        forged.find((name) => /[a-z]/.test(name)) ?? '',
      );
      expect(verdict).toBe(permitted ? undefined : 'UNSPECIFIED');
    });

    describeWith(['openssl', 'certtool'], 'openssl and gnutls', () => {
      it('verify', async () => {
        const files = [join(directory, 'ca.crt'), join(directory, 'domain.crt')] as const;
        const { output } = await typed(`openssl verify -x509_strict -CAfile ${files.join(' ')}`);
        expect(output).toMatch(permitted ? /: OK/ : /permitted subtree violation|excluded subtree violation/);
        const gnutls = await typed(`certtool --verify --load-ca-certificate ${files.join(' --infile ')}`);
        expect(gnutls.status === 0).toBe(permitted);
      });
    });

    describeWith(['skopeo'], 'a Go client', () => {
      it('skopeo', async () => {
        const trust = await folder();
        await copyFile(join(directory, 'ca.crt'), join(trust, 'ca.crt'));
        const host = forged.includes('127.0.0.1') ? '127.0.0.1' : 'localhost';
        const { status, output } = await typed(
          `skopeo list-tags --cert-dir ${trust} docker://${host}:${server.port}/x`,
        );
        expect({ accepted: status === 0, output }).toMatchObject({ accepted: permitted });
      });
    });
  });
});
