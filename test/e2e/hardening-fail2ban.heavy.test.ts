import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { must, temporaryFolder, type Folder } from '../support/programs.ts';
import { sendRaw } from '../support/raw-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { describeWith } from '../support/requires.ts';
import { basic, startTestGate, type TestGate } from '../support/test-gate.ts';

const DEPLOY = resolve(import.meta.dirname, '../../deploy/fail2ban');
const FILTER = join(DEPLOY, 'filter-registry-gate.conf');
const GUESSING = join(DEPLOY, 'filter-registry-gate-guessing.conf');
const VICTIM = '203.0.113.9';
/** What a line would have to hold for another address to be banned. */
const FORGED = `","address":"${VICTIM}","failedLogin":"wrong-password","x":"`;
const BLOCK = `x y: {"level":40,"time":"2026-11-22T07:00:00.000Z","by":"network","address":"${VICTIM}",`;
const LINE = `{"level":30,"time":"2026-11-22T07:00:00.000Z","id":"a-1","address":"${VICTIM}","failedLogin":"wrong-password","x":"`;

describeWith(['fail2ban-regex'], 'the filter for fail2ban', () => {
  let gate: TestGate;
  let backend: RecordingBackend;
  let folder: Folder;
  beforeAll(async () => {
    folder = await temporaryFolder('ban');
    backend = await startRecordingBackend();
    gate = await startTestGate({ backend: backend.url });
  });
  afterAll(async () => {
    await gate?.close();
    await backend?.close();
    await folder?.close();
  });

  /** Sends a request and gives the lines that it left in the log. */
  const linesOf = async (line: string, ...fields: readonly string[]): Promise<readonly string[]> => {
    const before = gate.log.length;
    const head = [line, 'Host: localhost', 'Connection: close', ...fields].join('\r\n');
    await sendRaw({ port: gate.port, ca: gate.ca, bytes: `${head}\r\n\r\n` });
    return gate.log.slice(before);
  };

  /** The addresses that the filter finds in these lines. */
  const banned = async (
    lines: readonly string[],
    filter = FILTER,
    ...options: string[]
  ): Promise<string[]> => {
    const file = join(folder.path, 'gate.log');
    await writeFile(file, lines.map((line) => `${line}\n`).join(''));
    const out = await must('fail2ban-regex', [...options, '-o', '<ip>', file, filter]);
    return out.split('\n').filter((address) => address !== '');
  };

  const good = (): string => `Authorization: ${gate.authorization}`;
  const wrong = (user = 'alice', password = 'wrong'): string => `Authorization: ${basic(user, password)}`;

  it.each<readonly [string, () => readonly [string, ...string[]]]>([
    ['a wrong password', () => ['GET /v2/ HTTP/1.1', wrong()]],
    ['a name that is not there', () => ['GET /v2/ HTTP/1.1', wrong('nobody')]],
    ['a wrong password for a token', () => ['GET /token?service=registry-gate HTTP/1.1', wrong('carol')]],
    ['a token that is none', () => ['GET /v2/a/tags/list HTTP/1.1', 'Authorization: Bearer a.b.c']],
  ])('finds %s', async (_name, request) => {
    expect(await banned(await linesOf(...request()))).toEqual(['127.0.0.1']);
  });

  it.each<readonly [string, () => readonly [string, ...string[]]]>([
    ['a good login', () => ['GET /v2/ HTTP/1.1', good()]],
    ['a request without credentials, with which clients begin', () => ['GET /v2/ HTTP/1.1']],
    ['a path that is none', () => ['GET /v2/x/y/z HTTP/1.1', good()]],
    ['a request that is malformed', () => ['GET /v2/%2e%2e/ HTTP/1.1', good()]],
    ['a health check', () => ['GET /healthz HTTP/1.1']],
  ])('passes over %s', async (_name, request) => {
    const lines = await linesOf(...request());
    expect(lines).not.toEqual([]);
    expect(await banned(lines)).toEqual([]);
  });

  it.each<readonly [string, () => readonly [string, ...string[]]]>([
    ['as its agent', () => ['GET /v2/ HTTP/1.1', wrong(), `User-Agent: ${FORGED}`]],
    ['as a line of its agent', () => ['GET /v2/ HTTP/1.1', wrong(), `User-Agent: x y: ${LINE}`]],
    ['in its path', () => [`GET /v2/${FORGED}/tags/list HTTP/1.1`, wrong()]],
    ['in its name', () => ['GET /v2/ HTTP/1.1', wrong(FORGED)]],
    ['in its password', () => ['GET /v2/ HTTP/1.1', wrong('alice', LINE)]],
    ['as the client of a proxy', () => ['GET /v2/ HTTP/1.1', wrong(), `X-Forwarded-For: ${VICTIM}`]],
    ['without a login, as its agent', () => ['GET /v2/ HTTP/1.1', `User-Agent: ${FORGED}`]],
    ['with a good login, as its agent', () => ['GET /v2/ HTTP/1.1', good(), `User-Agent: x y: ${LINE}`]],
  ])('is not fooled by an address that a client writes %s', async (_name, request) => {
    const lines = await linesOf(...request());
    expect(lines).not.toEqual([]);
    expect(new Set([...(await banned(lines)), '127.0.0.1'])).toEqual(new Set(['127.0.0.1']));
  });

  it('reads lines as the journal gives them, and as workers write them', async () => {
    const lines = await linesOf('GET /v2/ HTTP/1.1', wrong('dora'));
    // The journal knows the date aside; here a number stands for it, which the option takes away again.
    const journal = lines.map((line) => `1795300000 host registry-gate[12]: ${line}`);
    expect(await banned(journal, FILTER, '--datepattern', '^Epoch')).toEqual(['127.0.0.1']);
    const ofWorker = lines.map((line) => line.replace(',"id"', ',"worker":2,"id"'));
    expect(await banned(ofWorker)).toEqual(['127.0.0.1']);
    expect(await banned(lines.map((line) => line.replace('127.0.0.1', '2001:db8::1')))).toEqual([
      '2001:db8::1',
    ]);
  });

  it('takes the time of a line for the time of the failure', async () => {
    const [line = ''] = await linesOf('GET /v2/ HTTP/1.1', wrong('ed'));
    const file = join(folder.path, 'one.log');
    await writeFile(file, `${line}\n`);
    const time = await must('fail2ban-regex', ['-o', '<time>', file, FILTER]);
    const fields = JSON.parse(line) as { readonly time: string };
    expect(Number(time)).toBe(Math.floor(Date.parse(fields.time) / 1000));
  });

  it('finds who was blocked for guessing once for each block, and nothing else', async () => {
    const before = gate.log.length;
    for (let nth = 0; nth < 12; nth += 1) {
      await linesOf('GET /v2/ HTTP/1.1', wrong('alice', `guess-${nth}`), `User-Agent: ${BLOCK}`);
    }
    const lines = gate.log.slice(before);
    const blocks = lines.filter((line) => line.includes('"msg":"password guessing blocked"'));
    expect(blocks.length).toBeGreaterThan(0);
    expect(await banned(lines, GUESSING)).toEqual(blocks.map(() => '127.0.0.1'));
    const elsewhere = blocks.map((line) => line.replace('127.0.0.1', '2001:db8:1:2::/64'));
    expect(new Set(await banned(elsewhere, GUESSING))).toEqual(new Set(['2001:db8:1:2::/64']));
  });
});
