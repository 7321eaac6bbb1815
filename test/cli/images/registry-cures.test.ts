import { createServer as createSecureServer } from 'node:https';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyToPem } from '../../../src/pki/x509/key-pair.ts';
import { AUTHORITY, craft, SERVER } from '../../pki/craft.ts';
import { openFixture, type Fixture } from '../cures-fixture.ts';

const CA = craft({ name: 'the CA', extensions: AUTHORITY });
const LEAF = craft({ name: 'leaf', issuer: CA, extensions: SERVER });
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

/** A registry of one repository, which alice may see. */
function serve(server: Server): Server {
  return server.on('request', ({ headers }, response) => {
    const { authorization } = headers;
    const status =
      authorization === undefined ? 401 : authorization === basic('alice:wonderland') ? 200 : 403;
    response.writeHead(status, { 'www-authenticate': 'Basic realm="r"', 'content-type': 'application/json' });
    response.end('{"name":"team/app","tags":[]}');
  });
}

async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

const SIGNED_IN = '--user alice --password-stdin';

describe('each cure of a registry ends the error', () => {
  let fixture: Fixture;
  let server: Server;
  beforeEach(async () => {
    fixture = await openFixture();
    server = serve(createServer());
  });
  afterEach(async () => {
    await close(server);
    await fixture.close();
  });
  const type = (line: string) => fixture.type(line, { stdin: 'wonderland\n' });
  const tags = (port: number): string => `registry-gate images tags 127.0.0.1:${port}/team/app`;

  it('SIGN_IN_FAILED: a registry that wants a password', async () => {
    const command = `${tags(await listen(server))} --plain-http`;
    const seen = await type(command);
    expect(seen).toMatchObject({ code: 'SIGN_IN_FAILED', status: 1 });
    expect(seen.hint).toContain('--user NAME --password-stdin');
    expect(await type(`${command} ${SIGNED_IN}`)).toMatchObject({ status: 0, code: undefined });
    // docker login stores it: the same command then works as it stands.
    const auths = {
      [`127.0.0.1:${(server.address() as AddressInfo).port}`]: { auth: btoa('alice:wonderland') },
    };
    await fixture.write('.docker/config.json', JSON.stringify({ auths }));
    expect(await type(command)).toMatchObject({ status: 0, code: undefined });
  });

  it('REGISTRY_REFUSED: an account without the right', async () => {
    const command = `${tags(await listen(server))} --plain-http`;
    const seen = await type(`${command} --user bob --password-stdin`);
    expect(seen).toMatchObject({ code: 'REGISTRY_REFUSED', status: 1 });
    expect(seen.hint).toContain('--user NAME --password-stdin');
    expect(await type(`${command} ${SIGNED_IN}`)).toMatchObject({ status: 0, code: undefined });
  });

  it('REGISTRY_UNREACHABLE: nothing listens', async () => {
    const port = await listen(server);
    await close(server);
    const command = `${tags(port)} --plain-http ${SIGNED_IN}`;
    expect(await type(command)).toMatchObject({ code: 'REGISTRY_UNREACHABLE', status: 1 });
    server = serve(createServer());
    await listen(server, port);
    expect(await type(command)).toMatchObject({ status: 0, code: undefined });
  });

  it('REGISTRY_UNREACHABLE: plain HTTP', async () => {
    const command = `${tags(await listen(server))} ${SIGNED_IN}`;
    const seen = await type(command);
    expect(seen).toMatchObject({ code: 'REGISTRY_UNREACHABLE', status: 1 });
    expect(seen.hint).toContain('--plain-http');
    expect(await type(`${command} --plain-http`)).toMatchObject({ status: 0, code: undefined });
  });

  it('REGISTRY_UNREACHABLE: an unknown CA', async () => {
    server = serve(createSecureServer({ cert: LEAF.pem, key: keyToPem(LEAF.key) }));
    const port = await listen(server);
    const command = `${tags(port)} ${SIGNED_IN}`;
    const seen = await type(command);
    expect(seen).toMatchObject({ code: 'REGISTRY_UNREACHABLE', status: 1 });
    expect(seen.hint).toContain('--ca FILE');
    await fixture.write('ca.pem', CA.pem);
    expect(await type(`${command} --ca ca.pem`)).toMatchObject({ status: 0, code: undefined });
    // As docker and podman find it.
    await fixture.write(join('docker/certs.d', `127.0.0.1:${port}`, 'ca.crt'), CA.pem);
    expect(await type(command)).toMatchObject({ status: 0, code: undefined });
  });

  it('is trusted and meant by default where its certificate stands', async () => {
    server = serve(createSecureServer({ cert: LEAF.pem, key: keyToPem(LEAF.key) }));
    const port = await listen(server);
    await fixture.write('certs/ca.crt', CA.pem);
    await fixture.write('certs/domain.crt', LEAF.pem);
    await fixture.write('registry-gate.yml', `listen: 127.0.0.1:${port}\n`);
    expect(await type(`registry-gate images tags team/app ${SIGNED_IN}`)).toMatchObject({ status: 0 });
  });

  it('IMAGE_NAME_INVALID: a name in capital letters', async () => {
    const port = await listen(server);
    const command = tags(port);
    expect(await type(`${command.replace('team/app', 'Team/App')} --plain-http ${SIGNED_IN}`)).toMatchObject({
      code: 'IMAGE_NAME_INVALID',
      status: 2,
    });
    expect(await type(`${command} --plain-http ${SIGNED_IN}`)).toMatchObject({ status: 0 });
  });

  it('USAGE: one password for two registries', async () => {
    const seen = await type(`registry-gate images diff a.lan/x:1 b.lan/x:1 ${SIGNED_IN}`);
    expect(seen).toMatchObject({ code: 'USAGE', status: 2 });
    expect(seen.hint).toContain('docker login');
  });

  it('USAGE: a password without a name', async () => {
    expect(await type('registry-gate images tags a.lan/x --password-stdin')).toMatchObject({
      code: 'USAGE',
      status: 2,
    });
  });
});
