import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import bcrypt from 'bcrypt';
import { certificatePaths } from '../../src/pki/authority/cert-store.ts';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import type { Calls } from './file-tracer.ts';
import { signalGroup, startProcess } from './processes.ts';
import { temporaryFolder, until } from './programs.ts';
import { connectGate, parseAnswers, type RawAnswer } from './raw-client.ts';

const TRACER = pathToFileURL(resolve(import.meta.dirname, 'file-tracer.ts')).href;
const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const CERTS_INIT = resolve(import.meta.dirname, 'trace-certs-init.ts');

/** Users of a traced gate, `user-0` and so on, each with this password. */
export const PASSWORD = 'Pa55-of-a-user:zebra';
export const LAYER = Buffer.alloc(2 ** 20, 'layer ');

/** A gate in a process of its own that counts by file what is called, and one connection to it. */
export interface TracedGate {
  /** Sends a request over the connection, and resolves once it is answered and logged. */
  ask(head: string, body?: Buffer): Promise<RawAnswer>;
  /** The files of which a function was called at least so often while this ran. */
  trace(least: number, work: () => Promise<void>): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function startTracedGate(users: number): Promise<TracedGate> {
  const folder = await temporaryFolder('traced');
  const backend = createServer((req, res) => void answer(req, res)).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  await initCertificates({ directory: folder.path, hosts: ['127.0.0.1', 'localhost'], now: new Date() });
  const hash = await bcrypt.hash(PASSWORD, 4);
  const names = Array.from({ length: users }, (_, number) => `user-${number}:${hash}\n`);
  await writeFile(join(folder.path, 'htpasswd'), names.join(''), { mode: 0o600 });
  // What looks at files and at the registry now and then is not on the way of a request.
  const config = {
    listen: '127.0.0.1:0',
    backend: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
    certs: folder.path,
    renew: false,
    reloadMs: 60_000,
  };
  const path = join(folder.path, 'registry-gate.yml');
  await writeFile(path, JSON.stringify(config));
  const child = startProcess(process.execPath, ['--import', TRACER, MAIN, 'serve', '--config', path], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const log = linesOf(child);
  let socket: Socket | undefined;
  const close = async (): Promise<void> => {
    socket?.destroy();
    const gone = child.exitCode === null ? once(child, 'close') : undefined;
    signalGroup(child, 'SIGKILL');
    await gone;
    backend.close();
    backend.closeAllConnections();
    await folder.close();
  };
  try {
    const listening = /"msg":"listening/;
    const line = await until(
      () => log.find((text) => listening.test(text)),
      () => `it does not listen: ${log.join('\n')}`,
    );
    const { port } = JSON.parse(line) as { readonly port: number };
    socket = connectGate(port, await readFile(certificatePaths(folder.path).authorityCertificate, 'utf8'));
    await once(socket, 'secureConnect');
  } catch (error) {
    await close();
    throw error;
  }
  const connection = socket;
  return {
    ask: async (head, body = Buffer.alloc(0)) => {
      const before = log.length;
      const answered = await answerOn(connection, `${head}\r\n\r\n`, body);
      await until(
        () => log.slice(before).find((text) => text.includes('"msg":"request"')),
        () => `not logged: ${head}`,
      );
      return answered;
    },
    trace: async (least, work) => {
      await told(child, 'reset');
      await work();
      return pathsOf((await told(child, 'report')) as Calls, least);
    },
    close,
  };
}

/** The files that `certs init` goes through, from the start of its action to its end. */
export async function traceCertsInit(): Promise<readonly string[]> {
  const folder = await temporaryFolder('traced-init');
  const child = startProcess(process.execPath, ['--import', TRACER, CERTS_INIT, folder.path], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  try {
    const [calls] = (await once(child, 'message')) as [Calls];
    return pathsOf(calls, 1);
  } finally {
    const gone = child.exitCode === null ? once(child, 'close') : undefined;
    signalGroup(child, 'SIGKILL');
    await gone;
    await folder.close();
  }
}

function pathsOf(calls: Calls, least: number): readonly string[] {
  return calls
    .filter(([, most]) => most >= least)
    .map(([path]) => path)
    .toSorted();
}

async function told(child: ChildProcess, message: 'reset' | 'report'): Promise<unknown> {
  const reply = once(child, 'message');
  child.send(message);
  return (await reply)[0];
}

function linesOf(child: ChildProcess): readonly string[] {
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return lines;
}

async function answerOn(socket: Socket, head: string, body: Buffer): Promise<RawAnswer> {
  const received: Buffer[] = [];
  const done = new Promise<RawAnswer>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      const { answers } = parseAnswers(Buffer.concat(received), []);
      if (answers[0] !== undefined) resolve(answers[0]);
    });
    socket.once('close', () => reject(new Error('closed without an answer')));
  });
  socket.write(Buffer.concat([Buffer.from(head), body]));
  try {
    return await done;
  } finally {
    socket.removeAllListeners('data');
    socket.removeAllListeners('close');
  }
}

/** A registry that has one layer, and takes every push without keeping it. */
async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { method = '', url = '' } = req;
  res.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  if (method === 'GET') {
    res
      .writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': LAYER.length })
      .end(LAYER);
    return;
  }
  for await (const chunk of req) void chunk;
  const upload = '/v2/team/app/blobs/uploads/0d3bb7a4-0c2c-4b3c-9b7e-5a2f5f7e4a11';
  const { pathname, searchParams } = new URL(url, 'http://registry');
  const isDone = method === 'PUT';
  const location = isDone ? `/v2/team/app/blobs/${searchParams.get('digest')}` : `${upload}?_state=secret`;
  if (!isDone && pathname.endsWith('uploads/'))
    res.setHeader('Docker-Upload-UUID', upload.split('/').at(-1) ?? '');
  res.writeHead(isDone ? 201 : 202, { Location: location, Range: '0-0', 'Content-Length': 0 }).end();
}
