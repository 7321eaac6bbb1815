import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYER, PASSWORD, startTracedGate, traceCertsInit, type TracedGate } from '../support/traced-gate.ts';
import { basic } from '../support/test-gate.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/architecture.md'), 'utf8');

/** As many files as one follows a pull through, from the first to the last. */
const MOST_FILES_OF_A_PULL = 35;

/** How often each request is made: what runs less often than that is not on its way. */
const ROUNDS = 8;
const DIGEST = `sha256:${createHash('sha256').update(LAYER).digest('hex')}`;
const SCOPE = 'scope=repository:team/app:pull,push&service=registry-gate';

/** The paths between the markers of a list, in the order of the page. */
function listed(way: string): readonly string[] {
  const [, list = ''] = new RegExp(`<!-- ${way} -->([^]*?)<!-- end -->`).exec(PAGE) ?? [];
  return [...list.matchAll(/`src\/([^`]+\.ts)`/g)].map(([, path = '']) => path);
}

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

describe('the way of a request, as docs/architecture.md lists it', () => {
  it.each([
    ['pull', () => gate.trace(ROUNDS, () => repeated(pull))],
    ['push', () => gate.trace(ROUNDS, () => repeated(push))],
    ['token', () => gate.trace(ROUNDS, () => repeated(signIn))],
    ['certs init', traceCertsInit],
  ] as const)('%s goes through these files', async (way, trace) => {
    const traced = await trace();
    const onPage = listed(way);
    expect({
      missing: traced.filter((path) => !onPage.includes(path)),
      superfluous: onPage.filter((path) => !traced.includes(path)),
    }).toEqual({ missing: [], superfluous: [] });
    expect(new Set(onPage).size).toBe(onPage.length);
  });

  it('is short for a pull', () => {
    expect(listed('pull').length).toBeGreaterThan(0);
    expect(listed('pull').length).toBeLessThanOrEqual(MOST_FILES_OF_A_PULL);
  });
});
