import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTokenCertificate } from '../../../src/pki/authority/issue.ts';
import { AppError } from '../../../src/lib/errors.ts';
import { parseScopes } from '../../../src/oci/request/scope.ts';
import { createBackendTokens, type BackendTokens } from '../../../src/auth/tokens/backend-tokens.ts';
import { startDaemon } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { Clock, makeFolder } from './support.ts';

const SETTINGS = { issuer: 'registry-gate', service: 'registry-gate' } as const;

describe('createBackendTokens', () => {
  it.each([
    ['another key', async () => ({ ...(await pair()), key: (await pair()).key })],
    ['no key', async () => ({ ...(await pair()), key: 'secret words' })],
    ['no certificate', async () => ({ ...(await pair()), certificate: '' })],
  ])('refuses %s', async (_name, given) => {
    const { key, certificate } = await given();
    let error: unknown;
    try {
      createBackendTokens({ ...SETTINGS, key, certificate, now: Date.now });
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof AppError)) throw new Error('it was taken');
    expect([error.code, error.message.includes('secret words')]).toEqual(['CERT_INVALID', false]);
  });

  it('signs once for the same name and access, and anew before the end comes near', async () => {
    const clock = new Clock();
    const signer = createBackendTokens({ ...SETTINGS, ...(await pair()), now: clock.now });
    const access = parseScopes(['repository:a:pull']);
    const first = signer.authorization('alice', access);
    clock.at += 119_000;
    expect(signer.authorization('alice', access)).toBe(first);
    expect(signer.authorization('bob', access)).not.toBe(first);
    expect(signer.authorization('alice', [])).not.toBe(first);
    clock.at += 2000;
    expect(signer.authorization('alice', access)).not.toBe(first);
  });

  async function pair(): Promise<{ key: string; certificate: string }> {
    return makeTokenCertificate(new Date(), 10);
  }
});

describeWith(['docker-registry'], 'a registry that checks tokens too', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let daemon: ReturnType<typeof startDaemon>;
  let signer: BackendTokens;
  let stranger: BackendTokens;
  let url = '';

  beforeAll(async () => {
    folder = await makeFolder();
    const made = await makeTokenCertificate(new Date(), 10);
    const bundle = join(folder.path, 'backend-token.crt');
    await writeFile(bundle, made.certificate);
    const sample = resolve(import.meta.dirname, '../../../deploy/registry-2.yml');
    const env = {
      REGISTRY_HTTP_ADDR: '127.0.0.1:0',
      REGISTRY_HTTP_SECRET: 'of these tests',
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: join(folder.path, 'data'),
      REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE: bundle,
    };
    daemon = startDaemon('docker-registry', ['serve', sample], { env });
    const [, port] = await daemon.line(/listening on 127\.0\.0\.1:(\d+)/);
    url = `http://127.0.0.1:${port}`;
    signer = createBackendTokens({ ...SETTINGS, ...made, now: Date.now });
    stranger = createBackendTokens({
      ...SETTINGS,
      ...(await makeTokenCertificate(new Date(), 10)),
      now: Date.now,
    });
  });

  afterAll(async () => {
    await daemon.close();
    await folder.close();
  });

  async function statusOf(
    by: BackendTokens | undefined,
    scope: string,
    [method, path]: readonly [string, string],
  ) {
    const authorization = by?.authorization('alice', parseScopes([scope]));
    const response = await fetch(url + path, {
      method,
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  const PING = ['GET', '/v2/'] as const;
  const PUSH = ['POST', '/v2/team/app/blobs/uploads/'] as const;
  const PULL = ['GET', '/v2/team/app/tags/list'] as const;
  const LIST = ['GET', '/v2/_catalog'] as const;

  it.each([
    ['the ping', '', PING, 200],
    ['a push', 'repository:team/app:pull,push', PUSH, 202],
    ['a push with the right to pull', 'repository:team/app:pull', PUSH, 401],
    ['a push elsewhere', 'repository:team/other:pull,push', PUSH, 401],
    ['a pull', 'repository:team/app:pull', PULL, 404],
    ['the catalog', 'registry:catalog:*', LIST, 200],
    ['the catalog without its scope', '', LIST, 401],
  ])('lets the gate do %s', async (_name, scope, request, status) => {
    expect(await statusOf(signer, scope, request)).toBe(status);
  });

  it.each([
    ['the ping', PING],
    ['a push', PUSH],
    ['a pull', PULL],
    ['the catalog', LIST],
  ])('gives nothing to who goes around the gate: %s', async (_name, request) => {
    const scope = 'repository:team/app:pull,push registry:catalog:*';
    expect(await statusOf(undefined, scope, request)).toBe(401);
    expect(await statusOf(stranger, scope, request)).toBe(401);
  });

  it('tells the registry who asked', async () => {
    await statusOf(signer, 'repository:team/app:pull', PULL);
    expect((await daemon.line(/auth\.user\.name=alice/))[0]).toContain('alice');
  });
});
