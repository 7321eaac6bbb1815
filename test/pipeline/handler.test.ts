import { createServer, type Server } from 'node:http';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/observe/exchange.ts';
import type { Job } from '../../src/backend/reply/job.ts';
import { createHandler, type HandlerOptions } from '../../src/pipeline/handler.ts';
import { appOptions } from '../support/app-options.ts';
import { basic } from '../support/test-gate.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const ALICE = basic('alice', 'right');

describe('the pipeline', () => {
  let jobs: Job[] = [];
  let exchanges: Exchange[] = [];
  let server: Server | undefined;

  beforeEach(() => {
    jobs = [];
    exchanges = [];
  });

  afterEach(() => {
    server?.close();
  });

  function gate(change: Partial<HandlerOptions> = {}): Server {
    server = createServer(createHandler(appOptions(change, jobs, exchanges)));
    return server;
  }

  it.each([
    ['/healthz', 200, 'ok\n'],
    ['/readyz', 200, 'ok\n'],
    ['/ca.crt', 200, 'the CA\n'],
    ['/ca.crl', 200, 'the list\n'],
    ['/ca-next.crt', 404, 'The CA of this server is not being replaced.\n'],
    ['/ca.sha256', 200, `${'f'.repeat(64)}\n`],
  ])('answers %s to everybody', async (path, status, text) => {
    const answer = await request(gate()).get(path).buffer(true);
    expect([answer.status, answer.text ?? String(answer.body)]).toEqual([status, text]);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['x-powered-by']).toBeUndefined();
  });

  it.each([
    {
      name: 'the registry cannot serve',
      change: { unready: async () => 'the disk is full' },
      says: 'the disk is full\n',
    },
    { name: 'it is stopping', change: { isDraining: () => true }, says: 'draining\n' },
  ])('is not ready while $name', async ({ change, says }) => {
    const answer = await request(gate(change)).get('/readyz');
    expect([answer.status, answer.text]).toEqual([503, says]);
  });

  it('is ready where only pushes fail, and says so', async () => {
    const limitation = async (): Promise<string> => 'the file system of the registry is read-only';
    const answer = await request(gate({ limitation })).get('/readyz');
    expect([answer.status, answer.text]).toEqual([200, 'ok\nthe file system of the registry is read-only\n']);
  });

  it('asks a stranger to sign in, in registry JSON, and forwards nothing', async () => {
    const answer = await request(gate()).get('/v2/team/app/manifests/1');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="Registry", charset="UTF-8"');
    expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
    expect(answer.body).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
    expect(jobs).toEqual([]);
  });

  it('hands a user to the registry, in the canonical form, and records it once', async () => {
    const answer = await request(gate())
      .get(`/v2/team/app/blobs/${DIGEST.replace(':', '%3A')}`)
      .set('Authorization', ALICE);
    expect(answer.status).toBe(200);
    expect(jobs.map(({ request: asked }) => asked.target)).toEqual([`/v2/team/app/blobs/${DIGEST}`]);
    expect(exchanges).toMatchObject([
      { user: 'alice', rule: 'every user', status: 200, outcome: 'complete' },
    ]);
  });

  it.each([
    {
      name: 'an unknown path',
      method: 'get',
      path: '/v2/team/app/nothing',
      status: 404,
      code: 'NAME_INVALID',
    },
    {
      name: 'another method',
      method: 'post',
      path: '/v2/team/app/tags/list',
      status: 405,
      code: 'UNSUPPORTED',
    },
    {
      name: 'a key given twice',
      method: 'get',
      path: '/v2/_catalog?x=1&x=2',
      status: 400,
      code: 'UNSUPPORTED',
    },
    {
      name: 'a digest that is none',
      method: 'put',
      path: '/v2/team/app/blobs/uploads/x?digest=latest',
      status: 400,
      code: 'DIGEST_INVALID',
    },
    {
      name: 'an escaped slash',
      method: 'get',
      path: '/v2/team%2fapp/tags/list',
      status: 400,
      code: 'NAME_INVALID',
    },
  ] as const)('answers $name itself', async ({ method, path, status, code }) => {
    const answer = await request(gate())[method](path).set('Authorization', ALICE);
    expect([answer.status, answer.body.errors[0].code]).toEqual([status, code]);
    expect(jobs).toEqual([]);
  });

  it('refuses a manifest that is too large before reading it', async () => {
    const answer = await request(gate())
      .put('/v2/team/app/manifests/1')
      .set('Authorization', ALICE)
      .set('Content-Type', 'application/vnd.oci.image.manifest.v1+json')
      .send('x'.repeat(101));
    expect([answer.status, answer.headers['connection']]).toEqual([413, 'close']);
    expect(jobs).toEqual([]);
  });

  it('tells nothing about what failed unexpectedly', async () => {
    const secret = new Error('the secret of the stack');
    const change: Partial<HandlerOptions> = {
      forward: () => {
        throw secret;
      },
    };
    const answer = await request(gate(change)).get('/v2/').set('Authorization', ALICE);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    expect(answer.body).toMatchObject({ errors: [{ code: 'UNKNOWN' }] });
  });
});
