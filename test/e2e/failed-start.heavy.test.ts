import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type Redis } from '../auth/abuse/support.ts';
import { GATE_MAIN, makeCerts } from '../support/gate-process.ts';
import { startProcess } from '../support/processes.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

/**
 * How long a gate may run after it has said why it does not start, in milliseconds. Timers and connections that are left
 * behind hold it for five seconds or for ever; what it has to do takes some hundredths of a second, and ten times that on
 * a busy machine.
 */
const AT_ONCE_MS = 4000;

let folder: Folder;
let redis: Redis;
let other: Server;
let taken = '';
let certs = '';

beforeAll(async () => {
  folder = await temporaryFolder('failed-start');
  certs = join(folder.path, 'certs');
  await makeCerts(certs, ['127.0.0.1']);
  redis = await startRedis();
  other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
});

afterAll(async () => {
  other.close();
  await redis.close();
  await folder.close();
});

/** A state directory in which a file is damaged. */
async function damaged(file: string): Promise<string> {
  const state = join(folder.path, `state-${file}`);
  await mkdir(state, { recursive: true });
  await writeFile(join(state, file), 'no JSON', { mode: 0o600 });
  return state;
}

const free = ['--listen', '127.0.0.1:0'];
const occupied = (): readonly string[] => ['--listen', taken];

describeWith(['redis-server'], 'a gate that can not start', () => {
  it.each<readonly [string, string, () => readonly string[] | Promise<readonly string[]>]>([
    ['its address is taken', 'LISTEN_FAILED', occupied],
    ['its address is taken, and it has no pages', 'LISTEN_FAILED', () => [...occupied(), '--pages', 'off']],
    ['one of its addresses is taken', 'LISTEN_FAILED', () => [...free, ...occupied()]],
    ['the address of its metrics is taken', 'LISTEN_FAILED', () => [...free, '--metrics', taken]],
    ['the address of its workers is taken', 'LISTEN_FAILED', () => [...occupied(), '--workers', '2']],
    [
      'its sessions are damaged',
      'STATE_INVALID',
      async () => [...free, '--state', await damaged('sessions.json')],
    ],
    [
      'its tokens are damaged',
      'STATE_INVALID',
      async () => [...free, '--state', await damaged('tokens.json')],
    ],
    ['its audit log is in no folder', 'FILE_UNWRITABLE', () => [...free, '--audit', '/nonexistent/a.log']],
    [
      'the audit log of its workers is in no folder',
      'FILE_UNWRITABLE',
      () => [...free, '--workers', '2', '--audit', '/nonexistent/a.log'],
    ],
  ])('ends as soon as it has said so: %s', async (_name, code, args) => {
    const backend = ['--backend', `embedded:${join(folder.path, 'data')}`];
    const child = startProcess(
      process.execPath,
      [GATE_MAIN, 'serve', ...backend, '--certs', certs, ...(await args())],
      {
        env: { ...process.env, REGISTRY_GATE_ABUSE_REDIS: redis.url },
      },
    );
    let said = '';
    let saidAt = Number.NaN;
    let timer: NodeJS.Timeout | undefined;
    child.stdout.resume();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (!Number.isNaN(saidAt) || !said.includes('error[')) return;
      saidAt = performance.now();
      timer = setTimeout(() => child.kill('SIGKILL'), 5 * AT_ONCE_MS);
    });
    const [status] = await once(child, 'exit');
    const afterwards = performance.now() - saidAt;
    clearTimeout(timer);
    expect([status, said]).toEqual([1, expect.stringContaining(`error[${code}]`)]);
    expect(afterwards).toBeLessThan(AT_ONCE_MS);
  });
});
