import { Agent, request } from 'node:https';
import { afterAll, beforeAll } from 'vitest';
import { parseRegistryRequest } from '../../src/oci/request/parse.ts';
import { until } from '../support/programs.ts';
import { sendRaw, type RawAnswer, type RawOutcome } from '../support/raw-client.ts';
import { startRecordingBackend, type Recorded, type RecordingBackend } from '../support/recording-backend.ts';
import { AUTHORIZATION, startTestGate, type TestGate, type TestGateOptions } from '../support/test-gate.ts';
import { headerOf, type WireRequest } from '../support/wire.ts';
import type { Expected, HostileCase } from './cases/hostile-case.ts';

const CANARY = '/v2/canary/tags/list';
const BARRIER = '/v2/barrier/tags/list';
const CANARY_BYTES = `GET ${CANARY} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${AUTHORIZATION}\r\nConnection: close\r\n\r\n`;

/** All that may stand on the backend's wire, by lower-case name. `connection` is the gate's own. */
const ON_THE_WIRE = new Set(
  [
    'accept accept-encoding cache-control connection content-length content-range content-type',
    'docker-content-digest host if-match if-modified-since if-none-match if-range if-unmodified-since',
    'oci-chunk-min-length range transfer-encoding user-agent',
    'x-forwarded-for x-forwarded-host x-forwarded-proto x-request-id',
  ].flatMap((line) => line.split(' ')),
);

/** A gate in front of a recording backend, for one test file. */
export interface CaseFixture {
  readonly gate: TestGate;
  readonly backend: RecordingBackend;
  /** Sends the bytes, `@AUTH@` replaced; collects the answers. */
  send(bytes: string | readonly string[], options?: SendOptions): Promise<RawOutcome>;
  /** What reached the backend since the last call; all of what was sent before has arrived. */
  wire(): Promise<readonly Recorded[]>;
}

export interface SendOptions {
  readonly stranger?: boolean;
  readonly answers?: number;
  readonly methods?: readonly string[];
  readonly finish?: boolean;
}

/** Starts gate and backend before the tests of a file and closes them after. */
export function useCaseFixture(options: Omit<TestGateOptions, 'backend'> = {}): () => CaseFixture {
  let fixture: CaseFixture | undefined;
  let backend: RecordingBackend | undefined;
  let agent: Agent | undefined;
  beforeAll(async () => {
    backend = await startRecordingBackend();
    const timeouts = { bodyIdleSeconds: 0.3, ...options.timeouts };
    const gate = await startTestGate({ ...options, backend: backend.url, timeouts });
    agent = new Agent({ keepAlive: true, ca: gate.ca });
    fixture = createCaseFixture(gate, backend, agent);
  });
  afterAll(async () => {
    agent?.destroy();
    try {
      await fixture?.gate.close();
    } finally {
      await backend?.close();
    }
  });
  return () => {
    if (fixture === undefined) throw new Error('the fixture is used before the tests run');
    return fixture;
  };
}

function createCaseFixture(gate: TestGate, backend: RecordingBackend, agent: Agent): CaseFixture {
  return {
    gate,
    backend,
    send: (bytes, { stranger = false, ...options } = {}) => {
      const line = stranger ? '' : `Authorization: ${AUTHORIZATION}\r\n`;
      const pieces = (typeof bytes === 'string' ? [bytes] : bytes).map((piece) =>
        piece.replaceAll('@AUTH@', line),
      );
      return sendRaw({ port: gate.port, ca: gate.ca, bytes: pieces, ...options });
    },
    // A request of our own goes the whole way after what was sent before it: then all of that has arrived too.
    wire: async () => {
      await passBarrier(gate.port, agent);
      return backend
        .take()
        .map(withoutBarrier)
        .filter(({ bytes }) => bytes.length > 0);
    },
  };
}

function withoutBarrier(recorded: Recorded): Recorded {
  const requests = recorded.requests.filter(({ target }) => target !== BARRIER);
  const barriers = recorded.requests.length - requests.length;
  const isNothingElse = barriers > 0 && requests.length === 0 && recorded.rest === '';
  return { ...recorded, requests, bytes: isNothingElse ? Buffer.alloc(0) : recorded.bytes };
}

function passBarrier(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: AUTHORIZATION, 'content-length': 0 };
    request({ port, host: '127.0.0.1', path: BARRIER, headers, agent }, (answer) => {
      answer.resume().on('end', resolve);
    })
      .on('error', reject)
      .end();
  });
}

/** A case, as a user with valid credentials or as a stranger. */
export interface Run extends HostileCase {
  readonly title: string;
  readonly stranger: boolean;
}

/** Every case twice: with valid credentials, so that the form alone can refuse it, and as a stranger. */
export function runsOf(cases: readonly HostileCase[]): readonly Run[] {
  return cases.flatMap((it) => {
    const title = it.about === undefined ? it.id : `${it.id}: ${it.about}`;
    return [
      { ...it, title, stranger: false },
      { ...it, title: `${title} (stranger)`, stranger: true },
    ];
  });
}

/** Sends the case, and says in words what was not as it must be: at the client, on the backend's wire. Nothing is good. */
export async function complaintsAbout(fixture: CaseFixture, run: Run): Promise<string> {
  const pieces = typeof run.bytes === 'string' ? [run.bytes] : run.bytes;
  const method = pieces[0]?.split(' ', 1)[0] ?? '';
  const followed = isFollowed(run.expected) && run.finish !== true;
  const outcome = await fixture.send(followed ? [...pieces, CANARY_BYTES] : pieces, {
    stranger: run.stranger,
    methods: [method],
    ...(run.finish === undefined ? {} : { finish: run.finish }),
  });
  const recorded = await fixture.wire();
  const last = outcome.answers.at(-1);
  const canaryAnswered = followed && outcome.answers.length === 2 && last?.status === 200;
  const answers = canaryAnswered ? outcome.answers.slice(0, 1) : outcome.answers;
  const wire = readWire(recorded);
  const complaints = [
    ...answers.flatMap((answer) => complaintsAboutAnswer(answer, method === 'HEAD')),
    ...wire.complaints,
    ...complain(wire.canaries === (canaryAnswered ? 1 : 0), `${wire.canaries} canaries at the backend`),
    ...complain(outcome.rest === '', `more than an answer: ${outcome.rest}`),
    ...(await complaintsAboutOutcome({ run, outcome, answers, wire })),
  ];
  return complaints.length === 0
    ? ''
    : [...complaints, `received: ${outcome.bytes.toString('latin1')}`].join('\n');
}

function complain(holds: boolean, otherwise: string): readonly string[] {
  return holds ? [] : [otherwise];
}

/** After a request that is delimited well the next one on the connection is served as ever. */
function isFollowed(expected: Expected): boolean {
  const { kind } = expected;
  return kind === 'denied' || kind === 'local' || (kind === 'forwarded' && !expected.ends);
}

interface Judged {
  readonly run: Run;
  readonly outcome: RawOutcome;
  /** Without that to the canary. */
  readonly answers: readonly RawAnswer[];
  readonly wire: Wire;
}

const SILENT = 0;

async function complaintsAboutOutcome(judged: Judged): Promise<readonly string[]> {
  const { run, outcome, answers, wire } = judged;
  const { expected, stranger } = run;
  const statuses = answers.map(({ status }) => status);
  const targets = wire.requests.map(({ target }) => target);
  const one = (allowed: readonly number[]): readonly string[] =>
    complain(
      statuses.length <= 1 && allowed.includes(statuses[0] ?? SILENT),
      `answered [${statuses.join()}] where ${allowed.join(' or ')} was due`,
    );
  const reached = (due: readonly string[]): readonly string[] =>
    complain(
      targets.toSorted().join() === due.toSorted().join(),
      `the backend saw [${targets.join()}] where [${due.join()}] was due`,
    );
  const whole = complain(wire.beginnings.length === 0, 'the backend saw the beginning of a request');
  switch (expected.kind) {
    case 'refused':
      return [
        ...one(expected.statuses),
        ...reached([]),
        ...whole,
        ...complain(answers[0]?.header('connection') === 'close', 'a refusal without Connection: close'),
        ...complain(outcome.interim.length === 0, 'an interim answer before a refusal'),
        ...complain(outcome.end !== 'reset', 'reset: the client may lose the answer'),
      ];
    case 'closed':
      return [...one([SILENT, 400, 408, 414, 431, 505]), ...reached([]), ...whole];
    case 'denied':
      return [...one(stranger ? [401] : expected.statuses), ...reached([]), ...whole];
    case 'local':
      return [...one(expected.statuses), ...reached([]), ...whole];
    case 'forwarded':
      return [
        ...one([stranger ? 401 : 200]),
        ...reached(stranger ? [] : [expected.target]),
        ...whole,
        ...complain(
          stranger || wire.requests[0]?.body.toString('latin1') === expected.body,
          'another body at the backend',
        ),
      ];
    case 'broken':
      return [
        ...one(stranger ? [...expected.statuses, 401] : expected.statuses),
        ...reached([]),
        ...complain(wire.beginnings.length <= (stranger ? 0 : 1), 'a beginning too many at the backend'),
        ...(await complaintsAboutOpen(wire.beginnings)),
      ];
    case 'sequence':
      return [
        ...complain(
          statuses.join() === (stranger ? expected.stranger : expected.answers).join(),
          `answered [${statuses.join()}]`,
        ),
        ...reached(stranger ? [] : expected.targets),
        ...whole,
      ];
  }
}

/** The backend has to learn that the rest will not come. */
async function complaintsAboutOpen(beginnings: readonly Recorded[]): Promise<readonly string[]> {
  for (const { isClosed } of beginnings) {
    await until(
      () => isClosed() || undefined,
      () => 'a broken request stayed open at the backend',
    );
  }
  return [];
}

/** What holds of every answer that the gate gives. */
function complaintsAboutAnswer(answer: RawAnswer, toHead: boolean): readonly string[] {
  const { status } = answer;
  const always = [
    ...complain(answer.version === '1.1', `HTTP/${answer.version}`),
    ...complain(status >= 200 && status < 600, `status ${status}`),
    ...complain((answer.header('date') ?? 'GMT').endsWith('GMT'), 'a Date that is none'),
  ];
  if (status === 204)
    return [...always, ...complain(answer.header('content-length') === undefined, '204 with a length')];
  if (status < 400) return always;
  return [
    ...always,
    ...complain(answer.header('docker-distribution-api-version') === 'registry/2.0', 'no API version'),
    ...complain(answer.header('content-type') === 'application/json; charset=utf-8', 'not JSON by its type'),
    ...complain(answer.all('content-length').length === 1, 'not one Content-Length'),
    ...complain(answer.header('cache-control') === 'no-store', 'a problem that may be cached'),
    ...complain(
      answer.all('www-authenticate').length === (status === 401 ? 1 : 0),
      `${answer.all('www-authenticate').length} challenges with ${status}`,
    ),
    ...complain(toHead || isProblem(answer.body), `not a registry error: ${answer.body}`),
  ];
}

function isProblem(body: string): boolean {
  return /^\{"errors":\[\{"code":"[A-Z_]+","message":"[^"]+","detail":\{"request":"[a-z0-9-]+"\}\}\]\}\n$/.test(
    body,
  );
}

/** What reached the backend, the canary left out. */
interface Wire {
  readonly requests: readonly WireRequest[];
  /** Connections that hold the beginning of a request. */
  readonly beginnings: readonly Recorded[];
  readonly canaries: number;
  readonly complaints: readonly string[];
}

/** Every byte has to belong to a well-formed request that the gate wrote itself. */
function readWire(recorded: readonly Recorded[]): Wire {
  const all = recorded.flatMap((it) => it.requests);
  const requests = all.filter(({ target }) => target !== CANARY);
  return {
    requests,
    beginnings: recorded.filter(({ rest }) => rest !== ''),
    canaries: all.length - requests.length,
    complaints: [
      ...recorded.flatMap(({ malformed }) =>
        malformed === undefined ? [] : [`malformed at the backend: ${malformed}`],
      ),
      ...all.flatMap(complaintsAboutForwarded),
    ],
  };
}

/** A registry must never look for a form in an upload, nor in what has no body. */
function complaintsAboutType(request: WireRequest): readonly string[] {
  const type = headerOf(request, 'content-type');
  if (/^(GET|HEAD|DELETE)$/.test(request.method))
    return complain(type === undefined, `a ${request.method} of ${type}`);
  if (request.target.includes('/blobs/uploads/'))
    return complain(type === 'application/octet-stream', `an upload of ${type}`);
  return complain(type === undefined || /^[!-~]+\/[!-~]+$/.test(type), `a body of ${type}`);
}

/** What holds of every request that the gate sends to the backend. */
export function complaintsAboutForwarded(request: WireRequest): readonly string[] {
  const names = request.headers.map(([name]) => name.toLowerCase());
  const foreign = names.filter((name) => !ON_THE_WIRE.has(name));
  const parsed = parseRegistryRequest(request.method, request.target);
  const credentials = AUTHORIZATION.slice('Basic '.length);
  return [
    ...complain(foreign.length === 0, `at the backend: ${foreign.join()}`),
    ...complain(
      /^(close|keep-alive)$/.test(headerOf(request, 'connection') ?? 'keep-alive'),
      "a client's Connection",
    ),
    ...complain(headerOf(request, 'x-forwarded-for') === '127.0.0.1', "a client's X-Forwarded-For"),
    ...complain(headerOf(request, 'x-forwarded-proto') === 'https', "a client's X-Forwarded-Proto"),
    ...complain(headerOf(request, 'x-forwarded-host') === headerOf(request, 'host'), 'two hosts'),
    ...complain(!request.raw.includes(credentials), 'credentials at the backend'),
    ...complain(request.trailers === '', 'trailers at the backend'),
    ...request.headers.flatMap(([name, value]) =>
      complain(/^[ -~]*$/.test(value), `more than printable ASCII in ${name}`),
    ),
    ...complaintsAboutType(request),
    ...complain(
      parsed.kind === 'request' && parsed.request.target === request.target,
      `a target that is not canonical: ${request.target}`,
    ),
  ];
}
