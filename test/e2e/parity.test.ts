import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { CASES, type ParityCase, type Step } from './parity-cases.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether the connection broke off before its end. */
  readonly broken: boolean;
}

/** One way to the registry: with or without the gate. */
interface Way {
  readonly name: string;
  send(step: Step, target: string): Promise<Answer>;
}

/** Headers that a client may build on. The others are the connection's own, or differ from one second to the next. */
const COMPARED = [
  'accept-ranges',
  'allow',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'docker-content-digest',
  'docker-distribution-api-version',
  'docker-upload-uuid',
  'etag',
  'last-modified',
  'link',
  'location',
  'oci-chunk-min-length',
  'oci-subject',
  'range',
  'retry-after',
  'www-authenticate',
];

const FOREIGN_HEADERS = new Set([
  'x-content-type-options',
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
]);

describeWith(['docker-registry'], 'the registry through the gate answers as it does directly', () => {
  let registry: Registry;
  let gate: TestGate;
  let ways: readonly Way[];
  let agent: Agent;
  beforeAll(async () => {
    registry = await startRegistry();
    gate = await startTestGate({ backend: registry.url });
    agent = new Agent({ keepAlive: true, ca: gate.ca, servername: 'localhost', maxSockets: 1 });
    ways = [directWay(registry), gateWay(gate, agent)];
  });
  afterAll(async () => {
    agent.destroy();
    await gate.close();
    await registry.close();
  });

  it.each(CASES.map((one) => [one.name, one] as const))('%s', async (_name, { steps, ...one }) => {
    const [direct = [], through = []] = await Promise.all(ways.map((way) => play({ steps, ...one }, way)));
    const expected = direct.map((answer, nth) => steps[nth]?.meant?.answer ?? factsOf(answer));
    expect(
      through.map((answer, nth) => (steps[nth]?.meant === undefined ? factsOf : meantFacts)(answer)),
    ).toEqual(expected);
  });
});

/** Plays the steps in a repository of their own; each step may use what the one before was given. */
async function play({ name, steps }: ParityCase, way: Way): Promise<readonly Answer[]> {
  const id = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const repository = `parity/${id}-${way.name}`;
  const answers: Answer[] = [];
  for (const step of steps) {
    const last = answers.findLast(({ headers }) => headers.location !== undefined);
    const location = new URL(last?.headers.location ?? '/v2/', 'http://registry.test');
    const target = step.target
      .replaceAll('{repository}', repository)
      .replaceAll('{location}', location.pathname + location.search)
      .replaceAll('{path}', location.pathname);
    answers.push(await way.send(step, target));
  }
  return answers.map((answer) => withoutNames(answer, repository));
}

function directWay({ url }: Registry): Way {
  return {
    name: 'one',
    send: (step, target) =>
      exchange(step, (headers) => httpRequest(`${url}${target}`, { method: step.method, headers })),
  };
}

function gateWay({ port, authorization }: TestGate, agent: Agent): Way {
  return {
    name: 'two',
    send: (step, target) =>
      exchange(step, (headers) =>
        httpsRequest({
          host: '127.0.0.1',
          port,
          agent,
          path: target,
          method: step.method,
          headers: { ...headers, authorization },
        }),
      ),
  };
}

function exchange(
  step: Step,
  start: (headers: Record<string, string>) => ReturnType<typeof httpRequest>,
): Promise<Answer> {
  const body = step.body ?? '';
  const hasBody = step.body !== undefined || ['POST', 'PUT', 'PATCH'].includes(step.method);
  return new Promise((resolve, reject) => {
    const asked = start({
      host: 'registry.test',
      ...(hasBody ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
      ...step.headers,
    });
    asked.on('error', reject).on('response', (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece)).on('error', () => undefined);
      answer.on('close', () => {
        // How much of a broken body arrived is chance.
        const text = answer.complete ? Buffer.concat(pieces).toString() : '';
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: text,
          broken: !answer.complete,
        });
      });
    });
    asked.end(body);
  });
}

/** Without what differs from one upload to the next: its id, its state, and the name of the repository. */
function withoutNames({ status, headers, body, broken }: Answer, repository: string): Answer {
  const mask = (text: string): string =>
    text
      .replace(/^http:\/\/registry\.test(?=\/v2\/)/, '')
      .replace(/<http:\/\/registry\.test(?=\/v2\/)/g, '<')
      .replaceAll(repository, '{repository}')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '{upload}')
      .replaceAll(/_state=[^&"]+/g, '_state={state}')
      .replaceAll(/\b[0-9a-f]{60}\b/g, '{boundary}');
  const masked = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? mask(value) : value,
  ]);
  return { status, headers: Object.fromEntries(masked), body: mask(body), broken };
}

/** What is compared. */
function factsOf({ status, headers, body, broken }: Answer): object {
  const compared = COMPARED.filter((name) => headers[name] !== undefined).map((name) => [
    name,
    headers[name],
  ]);
  const foreign = Object.keys(headers).filter(
    (name) => !COMPARED.includes(name) && !FOREIGN_HEADERS.has(name),
  );
  return { status, headers: Object.fromEntries(compared), body, foreign, broken };
}

/** What is compared where a difference is meant. */
function meantFacts({ status, headers, body }: Answer): object {
  const { errors = [] }: { readonly errors?: readonly { readonly code: string }[] } =
    body === '' ? {} : JSON.parse(body);
  return { status, codes: errors.map(({ code }) => code), allow: headers.allow };
}
