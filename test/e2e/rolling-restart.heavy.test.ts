import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { kill } from 'node:process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../backend/embedded/spec-client.ts';
import { gateCommand, GATE_MAIN, makeCerts, PASSWORD, USER } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { basic } from '../support/test-gate.ts';
import { startProcess } from '../support/processes.ts';

const ALL = process.env['HOSTILE'] === 'full';
/** Each client asks over one connection that it keeps, but for the ones that make a new one for each request. */
const KEEPING = 6;
const FRESH = 2;
const RESTARTS = ALL ? 12 : 3;

/**
 * Whoever starts gates with a socket that listens already: as systemd does with a .socket unit. It is a shell that has
 * the socket as descriptor 3, and never takes a connection itself.
 */
interface Starter {
  readonly port: number;
  /** Starts a gate, and resolves to its process id once it serves. */
  start(name: string): Promise<number>;
  /** SIGTERM, and resolves once its last words are in. */
  stop(name: string, pid: number): Promise<void>;
  close(): Promise<void>;
}

interface Place {
  readonly folder: Folder;
  readonly certs: string;
  readonly args: readonly string[];
}

async function openStarter({ folder, certs, args }: Place): Promise<Starter> {
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  const shell = startProcess('sh', ['-c', 'while read -r line; do eval "$line"; done'], {
    stdio: ['pipe', 'pipe', 'pipe', descriptorOf(socket)],
  });
  // The shell has it now. Nobody has connected yet.
  socket.close();
  const log = linesOf(shell);
  const backend = `embedded:${join(folder.path, 'data')}`;
  const serve = ['serve', '--listen', 'fd:3', '--certs', certs, '--backend', backend, ...args];
  const begins = (name: string, text: string): string | undefined =>
    log.find((line) => line.startsWith(`${name} `) && line.includes(text));
  const said = (name: string, text: string): Promise<string> =>
    until(
      () => begins(name, text),
      () => `${name} did not say ${text}:\n${log.slice(-30).join('\n')}`,
    );
  return {
    port,
    start: async (name) => {
      const words = [process.execPath, GATE_MAIN, ...serve].map((word) => `'${word}'`).join(' ');
      // The name goes before each line; the gate itself is the process that is told to stop.
      const line = `{ ${words} 2>&1 & echo "pid $!"; wait $!; echo "ended $?"; } | sed -u 's/^/${name} /' &\n`;
      shell.stdin?.write(line);
      const pid = Number((await said(name, 'pid ')).split(' ').at(-1));
      await said(name, args.length > 0 ? '"msg":"ready"' : '"msg":"listening"');
      return pid;
    },
    stop: async (name, pid) => {
      kill(pid, 'SIGTERM');
      expect(await said(name, 'ended ')).toBe(`${name} ended 0`);
    },
    close: async () => {
      shell.stdin?.end();
      await once(shell, 'close');
    },
  };
}

/** Guard: the socket of a server that listens has a descriptor, of which Node says nothing in public. */
function descriptorOf(server: unknown): number {
  const { _handle } = server as { readonly _handle?: { readonly fd?: number } };
  if (typeof _handle?.fd !== 'number') throw new Error('a socket without a descriptor');
  return _handle.fd;
}

function linesOf({ stdout, stderr }: ChildProcess): readonly string[] {
  const log: string[] = [];
  for (const stream of [stdout, stderr])
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => log.push(line));
  return log;
}

/** Asks once, and never again: whatever goes wrong is the outcome. */
function ask(port: number, ca: string, agent: Agent | false, path: string): Promise<string> {
  return new Promise((resolve) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      ca,
      agent,
      path,
      headers: { authorization: basic(USER, PASSWORD) },
    });
    sent.on('error', (error) => resolve(`${path}: ${error.message}`));
    sent.on('response', (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      answer.on('error', (error) => resolve(`${path}: ${error.message} after ${bytes} bytes`));
      answer.on('end', () => resolve(`${answer.statusCode} ${bytes}`));
    });
    sent.end();
  });
}

describe.each([
  { name: 'one process each', args: [], requests: 10_000 },
  { name: 'two workers each', args: ['--workers', '2'], requests: ALL ? 10_000 : 4000 },
])('R148: gates that follow each other on one socket, $name', ({ args, requests }) => {
  let folder: Folder;
  let certs: string;
  let ca: string;
  let starter: Starter;

  beforeAll(async () => {
    folder = await temporaryFolder('rolling');
    certs = join(folder.path, 'certs');
    await makeCerts(certs, ['127.0.0.1']);
    ca = await readFile(join(certs, 'ca.crt'), 'utf8');
    starter = await openStarter({ folder, certs, args });
  });
  afterAll(async () => {
    await starter.close();
    await folder.close();
  });

  it(`fail none of ${requests} requests while one after the other is replaced`, async () => {
    let serving = { name: 'gate-0', pid: await starter.start('gate-0') };
    const blob = randomBytes(3_000_000);
    const path = await pushed(blob);
    const outcomes = new Map<string, number>();
    let left = requests;
    let restarts = 0;
    const hasEnded = (): boolean => restarts === RESTARTS;
    const work = async (agent: Agent | false): Promise<void> => {
      // As long as gates come and go there is load.
      for (; left > 0 || !hasEnded(); left -= 1) {
        const outcome = await ask(starter.port, ca, agent, left % 50 === 0 ? path : '/v2/');
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    const agents = Array.from({ length: KEEPING }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const clients = [...agents.map(work), ...Array.from({ length: FRESH }, () => work(false))];
    while (!hasEnded()) {
      const name = `gate-${restarts + 1}`;
      const next = { name, pid: await starter.start(name) };
      await starter.stop(serving.name, serving.pid);
      serving = next;
      restarts += 1;
    }
    await Promise.all(clients);
    for (const agent of agents) agent.destroy();
    await starter.stop(serving.name, serving.pid);
    expect([...outcomes.keys()].toSorted()).toEqual(['200 3', `200 ${blob.length}`]);
    const all = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
    expect(all).toBeGreaterThanOrEqual(requests);
  });

  async function pushed(blob: Buffer): Promise<string> {
    const digest = digestOf(blob);
    const status = await new Promise<number>((resolve, reject) => {
      const sent = request({
        host: '127.0.0.1',
        port: starter.port,
        ca,
        method: 'POST',
        path: `/v2/team/app/blobs/uploads/?digest=${digest}`,
        headers: { authorization: basic(USER, PASSWORD), 'content-type': 'application/octet-stream' },
      });
      sent.on('error', reject).on('response', (answer) => resolve(answer.resume().statusCode ?? 0));
      sent.end(blob);
    });
    expect(status).toBe(201);
    return `/v2/team/app/blobs/${digest}`;
  }
});

describe('a descriptor that is no socket', () => {
  it('is named, with what to do', async () => {
    const folder = await temporaryFolder('no-socket');
    try {
      await makeCerts(folder.path, ['127.0.0.1']);
      const ran = await gateCommand(['serve', '--certs', folder.path, '--listen', 'fd:77']);
      expect(ran.status).toBe(1);
      expect(ran.output).toContain('Descriptor 77 is no socket to listen on');
      expect(ran.output).toContain('docs/operations.md');
    } finally {
      await folder.close();
    }
  });
});

describeWith(['systemd-socket-activate'], 'R148: the socket activation of systemd', () => {
  it('hands over a socket on which the first request already waits', async () => {
    const folder = await temporaryFolder('activated');
    const certs = join(folder.path, 'certs');
    await makeCerts(certs, ['127.0.0.1']);
    const ca = await readFile(join(certs, 'ca.crt'), 'utf8');
    const port = await freePort();
    const serve = [
      'serve',
      '--listen',
      'fd:3',
      '--certs',
      certs,
      '--backend',
      `embedded:${folder.path}/data`,
    ];
    const args = ['-l', `127.0.0.1:${port}`, process.execPath, GATE_MAIN, ...serve];
    const systemd = startDaemon('systemd-socket-activate', args);
    try {
      await systemd.line(/Listening on 127/);
      // Nobody serves yet.
      expect(await ask(port, ca, false, '/v2/')).toBe('200 3');
      expect(systemd.log.filter((line) => line.includes('"msg":"listening"'))).toHaveLength(1);
    } finally {
      await systemd.close();
      await folder.close();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
