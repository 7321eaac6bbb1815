import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { authorityFingerprint } from '../../../src/pki/x509/certificate-file.ts';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import { run, type Ran } from '../../support/programs.ts';
import { MOUNT_NEEDS, describeWith } from '../../support/requires.ts';
import { makeDirectory, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');

/**
 * Runs a script in a mount namespace whose trust is its own: no certs.d of docker and podman, and a system store that
 * holds one other CA (a whole one takes long to rebuild). `GATE` in the script stands for the program.
 */
async function onAnotherMachine(script: string, environment: Readonly<Record<string, string>>): Promise<Ran> {
  const own = await makeDirectory(await folder(), { hosts: ['neighbour.lan'] });
  const lines = [
    'set -eu',
    `cd ${own}`,
    'mkdir certs local hooks docker containers; touch list; cp ca.crt local/neighbour.crt',
    'cp -a /etc/containers/. containers/; rm -rf containers/certs.d',
    'mount --bind certs /etc/ssl/certs',
    'mount --bind local /usr/local/share/ca-certificates',
    'mount --bind hooks /etc/ca-certificates/update.d',
    'mount --bind list /etc/ca-certificates.conf',
    'mount --bind containers /etc/containers',
    'if [ -d /etc/docker ]; then mount --bind docker /etc/docker; fi',
    'update-ca-certificates >/dev/null 2>&1',
    `GATE() { ${process.execPath} ${MAIN} "$@"; }`,
    // 60: the certificate can't be verified.
    'UNTRUSTED() { set +e; curl -sS "https://$REGISTRY/v2/"; code=$?; set -e; [ "$code" = 60 ]; }',
    script,
  ];
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return run('unshare', ['--mount', ...asRoot, 'sh', '-c', lines.join('\n')], { env: environment });
}

describeWith([...MOUNT_NEEDS, 'curl', 'skopeo', 'update-ca-certificates'], 'trust on a machine', () => {
  let server: Server;
  let environment: Record<string, string> = {};

  beforeAll(async () => {
    const directory = await makeDirectory(await folder());
    const { cert, key, authority = '' } = await loadServerCertificate({ directory }, new Date());
    server = createServer({ cert, key: key.reveal() }, (request, response) => {
      if (request.url === '/ca.crt') return void response.end(authority);
      response.setHeader('content-type', 'application/json');
      return void response.end('{"name":"x","tags":["1"]}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    environment = {
      REGISTRY: `127.0.0.1:${port}`,
      CERTS: directory,
      FINGERPRINT: authorityFingerprint(await readFile(join(directory, 'ca.crt'), 'utf8')),
    };
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('is what the system store gives and takes', async () => {
    const { status, output } = await onAnotherMachine(
      `UNTRUSTED || exit 10
       GATE certs trust --for system $REGISTRY --certs $CERTS
       curl -sS https://$REGISTRY/v2/ || exit 11
       GATE certs trust --for system $REGISTRY --certs $CERTS --undo
       UNTRUSTED || exit 12
       cmp /usr/local/share/ca-certificates/neighbour.crt ca.crt`,
      environment,
    );
    expect({ status, output }).toEqual({
      status: 0,
      output: expect.stringContaining('Ran update-ca-certificates.'),
    });
  });

  it.each(['podman', 'docker'])('for %s is found by skopeo, and gone when it is undone', async (client) => {
    const { status, output } = await onAnotherMachine(
      `! skopeo list-tags docker://$REGISTRY/x || exit 10
       GATE certs trust --for ${client} $REGISTRY --from https://$REGISTRY --fingerprint $FINGERPRINT
       skopeo list-tags docker://$REGISTRY/x || exit 11
       GATE certs trust --for ${client} $REGISTRY --certs $CERTS --undo
       ! skopeo list-tags docker://$REGISTRY/x || exit 12`,
      environment,
    );
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('/certs.d/127.0.0.1:') });
  });

  it('is refused to a CA of another fingerprint', async () => {
    const { status, output } = await onAnotherMachine(
      `GATE certs trust --for podman $REGISTRY --from https://$REGISTRY --fingerprint ${'ab'.repeat(32)} && exit 10
       ! skopeo list-tags docker://$REGISTRY/x || exit 11
       exit 9`,
      environment,
    );
    expect({ status, output }).toEqual({
      status: 9,
      output: expect.stringContaining('is not the CA that was expected'),
    });
  });
});
