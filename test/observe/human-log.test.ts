import { describe, expect, it } from 'vitest';
import { openServingLog } from '../../src/cli/serve/serving-log.ts';
import { createLog, logExchange } from '../../src/observe/access-log.ts';
import type { Exchange } from '../../src/observe/exchange.ts';
import { parseRegistryRequest } from '../../src/oci/request/parse.ts';
import { DIGEST, exchangeOf } from '../support/exchange.ts';
import { recordingTerminal } from '../support/terminal.ts';

interface Heard {
  readonly log: ReturnType<typeof createLog>;
  readonly lines: string[];
}

function listen(colours = false): Heard {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const human = { colours, typed: (text: string) => text.replace('registry-gate', 'npx registry-gate') };
  return { log: createLog({ level: 'info', destination, human }), lines };
}

function exchange(request: string, change: Partial<Exchange> = {}): Exchange {
  const [method = '', target = ''] = request.split(' ');
  const parsed = parseRegistryRequest(method, target);
  const known = parsed.kind === 'request' ? parsed.request : undefined;
  return { ...exchangeOf('GET /v2/'), method, path: target.split('?')[0], request: known, ...change };
}

/** What is said of these requests, without the time. */
function told(...exchanges: readonly Exchange[]): readonly string[] {
  const { log, lines } = listen();
  for (const one of exchanges) logExchange(log, one);
  return lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, '').trimEnd());
}

const MANIFEST = '/v2/team/app/manifests';

describe('for a person, the log tells', () => {
  it('a push once, without its layers', () => {
    const upload = '/v2/team/app/blobs/uploads/';
    expect(
      told(
        exchange('HEAD /v2/', { user: undefined, status: 401 }),
        exchange(`HEAD /v2/team/app/blobs/${DIGEST}`, { status: 404 }),
        exchange(`POST ${upload}`, { status: 202 }),
        exchange(`PUT ${upload}5?digest=${DIGEST}`, { status: 201 }),
        exchange(`HEAD ${MANIFEST}/1.2`, { status: 404 }),
        exchange(`PUT ${MANIFEST}/1.2`, { status: 201 }),
      ),
    ).toEqual(['alice (192.0.2.7) pushed team/app:1.2']);
  });

  it('a pull once, by its tag, also where the manifest is fetched by digest', () => {
    expect(
      told(
        exchange(`HEAD ${MANIFEST}/1.2`),
        exchange(`GET ${MANIFEST}/${DIGEST}`),
        exchange(`GET ${MANIFEST}/${DIGEST}`),
        exchange(`GET /v2/team/app/blobs/${DIGEST}`),
      ),
    ).toEqual(['alice (192.0.2.7) pulled team/app:1.2']);
  });

  it('pulls of different people and repositories', () => {
    expect(
      told(
        exchange(`GET ${MANIFEST}/1.2`),
        exchange(`GET ${MANIFEST}/1.2`, { user: undefined }),
        exchange(`GET /v2/other/manifests/1`),
        exchange(`GET ${MANIFEST}/1.2`),
      ),
    ).toEqual([
      'alice (192.0.2.7) pulled team/app:1.2',
      'anonymous (192.0.2.7) pulled team/app:1.2',
      'alice (192.0.2.7) pulled other:1',
    ]);
  });

  it.each<readonly [name: string, request: string, change: Partial<Exchange>, line: string]>([
    [
      'a deletion',
      `DELETE ${MANIFEST}/${DIGEST}`,
      { status: 202 },
      `alice (192.0.2.7) deleted team/app@${DIGEST.slice(0, 19)}`,
    ],
    [
      'a wrong password, without the name that was claimed',
      'GET /v2/',
      {
        user: undefined,
        status: 401,
        failedLogin: 'wrong-password',
        problem: { code: 'UNAUTHORIZED', reason: 'The user name or the password is wrong.' },
      },
      'refused 192.0.2.7: The user name or the password is wrong.',
    ],
    [
      'a sign-in to the pages',
      'POST /sign-in',
      { status: 303, session: 'began' },
      'alice (192.0.2.7) signed in to the pages',
    ],
    [
      'a sign-out',
      'POST /sign-out',
      { status: 303, session: 'ended' },
      'alice (192.0.2.7) signed out of the pages',
    ],
    [
      'a denial',
      `PUT ${MANIFEST}/1.2`,
      { status: 403, problem: { code: 'DENIED', reason: 'alice may not push to team/app.' } },
      'refused alice (192.0.2.7): push team/app:1.2: alice may not push to team/app.',
    ],
    [
      'a failure',
      `GET ${MANIFEST}/1.2`,
      { status: 502, problem: { code: 'UNAVAILABLE', reason: 'The registry can not be reached.' } },
      'failed alice (192.0.2.7): pull team/app:1.2: The registry can not be reached.',
    ],
    [
      'what the registry behind refuses without a word',
      `PUT ${MANIFEST}/1.2`,
      { status: 400 },
      'refused alice (192.0.2.7): push team/app:1.2: status 400',
    ],
    [
      'a client that left',
      `GET /v2/team/app/blobs/${DIGEST}`,
      { outcome: 'client-left' },
      `alice (192.0.2.7): pull team/app@${DIGEST.slice(0, 19)}: the client left in the middle`,
    ],
  ])('%s', (_name, request, change, line) => {
    expect(told(exchange(request, change))).toEqual([line]);
  });

  it('what else happens, with how commands are typed here', () => {
    const { log, lines } = listen();
    log.info({ address: '0.0.0.0', port: 443 }, 'listening');
    log.warn({ warning: 'it ends soon: registry-gate certs renew' }, 'certificate');
    log.error({ reason: 'no such file' }, 'users not reloaded');
    expect(lines.map((line) => line.slice(9))).toEqual([
      'listening (address 0.0.0.0, port 443)\n',
      'warning: certificate: it ends soon: npx registry-gate certs renew\n',
      'error: users not reloaded: no such file\n',
    ]);
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d /);
  });

  it('nothing that could write on the terminal', () => {
    const nasty = 'a\r\n\u001b[31m\u202e\u2028\u0000';
    const lines = told(
      exchange(`PUT ${MANIFEST}/1.2`, { status: 403, problem: { code: 'X', reason: nasty }, user: nasty }),
      exchange('GET /x', { path: `/${nasty}`, status: 404, user: nasty }),
      exchange('GET /x', { path: `/${nasty}`, status: 405, user: nasty }),
    );
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]+$/);
  });

  it('in colours where they are wanted', () => {
    const { log, lines } = listen(true);
    log.error({}, 'bad');
    log.info({}, 'good');
    expect(lines[0]).toContain('\u001b[31merror: bad\u001b[0m');
    expect(listen().lines.join('')).not.toContain('\u001b');
  });
});

describe('the format of the log', () => {
  const formatOf = (format: 'auto' | 'human' | 'json', isOutTTY: boolean, env = {}): string => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const config = { log: { level: 'info', format } } as const;
    openServingLog(config, recordingTerminal({ isOutTTY, env }), { destination }).warn({}, 'hello');
    const [line = ''] = lines;
    if (line.startsWith('{')) return 'json';
    return line.includes('\u001b') ? 'colours' : 'human';
  };

  it.each([
    ['auto', true, {}, 'colours'],
    ['auto', false, {}, 'json'],
    ['auto', true, { NO_COLOR: '1' }, 'human'],
    ['auto', true, { NO_COLOR: '' }, 'colours'],
    ['auto', true, { TERM: 'dumb' }, 'human'],
    ['json', true, {}, 'json'],
    ['human', false, {}, 'human'],
  ] as const)('%s, on a terminal: %s, %j: %s', (format, isOutTTY, env, expected) => {
    expect(formatOf(format, isOutTTY, env)).toBe(expected);
  });
});
