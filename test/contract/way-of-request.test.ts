import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYER, PASSWORD, startTracedGate, traceCertsInit } from '../support/traced-gate.ts';
import type { TracedGate } from '../support/traced-gate.ts';
import { basic } from '../support/test-gate.ts';

/** As many files as one follows a pull through, from the first to the last. */
const MOST_FILES_OF_A_PULL = 49;

/** How often each request is made: what runs less often than that is not on its way. */
const ROUNDS = 8;
const DIGEST = `sha256:${createHash('sha256').update(LAYER).digest('hex')}`;
const SCOPE = 'scope=repository:team/app:pull,push&service=registry-gate';

let gate: TracedGate;
let bearer: string;

beforeAll(async () => {
  gate = await startTracedGate(ROUNDS + 1);
  bearer = `Bearer ${await signIn(ROUNDS)}`;
  await pull();
  await push();
});
afterAll(() => gate.close());

async function signIn(user: number): Promise<string> {
  const authorization = basic(`user-${user}`, PASSWORD);
  const { status, body } = await gate.ask(headOf(`GET /token?${SCOPE}`, authorization));
  expect(status).toBe(200);
  return (JSON.parse(body) as { readonly token: string }).token;
}

async function pull(): Promise<void> {
  const { status, body } = await gate.ask(headOf(`GET /v2/team/app/blobs/${DIGEST}`, bearer));
  expect({ status, bytes: body.length }).toEqual({ status: 200, bytes: LAYER.length });
}

async function push(): Promise<void> {
  const started = await gate.ask(headOf('POST /v2/team/app/blobs/uploads/', bearer, ['Content-Length: 0']));
  expect(started.status).toBe(202);
  const length = `Content-Length: ${LAYER.length}`;
  const sent = await gate.ask(headOf(`PATCH ${pathOf(started.header('location'))}`, bearer, [length]), LAYER);
  expect(sent.status).toBe(202);
  const last = `${pathOf(sent.header('location'))}&digest=${DIGEST}`;
  const { status } = await gate.ask(headOf(`PUT ${last}`, bearer, ['Content-Length: 0']));
  expect(status).toBe(201);
}

function headOf(line: string, authorization: string, fields: readonly string[] = []): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', `Authorization: ${authorization}`, ...fields].join('\r\n');
}

function pathOf(location = ''): string {
  const { pathname, search } = new URL(location, 'https://localhost');
  return `${pathname}${search}`;
}

async function repeated(ask: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) await ask(round);
}

describe('the way of a request', () => {
  it('is short for a pull', async () => {
    const files = await gate.trace(ROUNDS, () => repeated(pull));
    expect(files.length > MOST_FILES_OF_A_PULL ? files : []).toEqual([]);
  });

  it.each([
    ['a push', 'pipeline/pipeline.ts', () => gate.trace(ROUNDS, () => repeated(push))],
    ['a sign-in', 'pipeline/token-route.ts', () => gate.trace(ROUNDS, () => repeated(signIn))],
    ['certs init', 'cli/certs/init.ts', traceCertsInit],
  ] as const)('is followed for %s through %s', async (_way, path, trace) => {
    expect(await trace()).toContain(path);
  });
});
