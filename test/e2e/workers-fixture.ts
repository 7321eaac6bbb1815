import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { PASSWORD, USER, makeCerts, startGate, type GateProcess } from '../support/gate-process.ts';
import { temporaryFolder, until } from '../support/programs.ts';
import { basic } from '../support/test-gate.ts';

export interface WorkersFixture {
  readonly gate: GateProcess;
  readonly folder: string;
  readonly certs: string;
  /** Over a connection of its own: at whichever worker. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** The same, at the beginning of the answer's body. */
  begin(method: string, path: string, options?: AskOptions): Promise<IncomingMessage>;
  /** Values of a field in the log lines with this message, in their order. */
  logged(message: string, field: string): unknown[];
  /** Until the log has so many lines with this message. */
  untilLogged(message: string, count?: number): Promise<void>;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Default: that of the user. Empty: none. */
  readonly authorization?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A gate of two workers with the embedded registry. */
export async function startWorkers(args: readonly string[] = []): Promise<WorkersFixture> {
  const folder = await temporaryFolder('workers');
  const certs = join(folder.path, 'certs');
  await makeCerts(certs, ['127.0.0.1']);
  const ca = await readFile(join(certs, 'ca.crt'), 'utf8');
  const backend = `embedded:${join(folder.path, 'data')}`;
  const gate = await startGate({ certs, backend, args: ['--workers', '2', ...args] });
  const lines = (message: string): Record<string, unknown>[] =>
    gate.log
      .filter((line) => line.startsWith('{'))
      .map((line): Record<string, unknown> => JSON.parse(line))
      .filter(({ msg }) => msg === message);

  const begin: WorkersFixture['begin'] = (method, path, { headers, body, authorization } = {}) =>
    new Promise((resolve, reject) => {
      const credentials = authorization ?? basic(USER, PASSWORD);
      const sent = request(new URL(path, gate.url), {
        method,
        ca,
        agent: false,
        headers: { ...headers, ...(credentials === '' ? {} : { authorization: credentials }) },
      });
      sent.on('response', resolve).on('error', reject);
      sent.end(body);
    });
  const fixture: WorkersFixture = {
    gate,
    folder: folder.path,
    certs,
    begin,
    ask: async (method, path, options) => {
      const answer = await begin(method, path, options);
      const body = await readAll(answer);
      return { status: answer.statusCode ?? 0, headers: answer.headers, body };
    },
    logged: (message, field) => lines(message).map((line) => line[field]),
    untilLogged: async (message, count = 1) => {
      await until(
        () => (lines(message).length >= count ? true : undefined),
        () => `no ${count} lines of "${message}":\n${gate.log.slice(-20).join('\n')}`,
      );
    },
    close: async () => {
      await gate.close();
      await folder.close();
    },
  };
  await fixture.untilLogged('ready');
  return fixture;
}

/** The whole body; rejects where it breaks off. */
export async function readAll(answer: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks);
}
