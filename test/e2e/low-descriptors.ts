import { readFile, readdir } from 'node:fs/promises';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { GATE_MAIN, makeCerts, PASSWORD, USER } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until, type Daemon } from '../support/programs.ts';
import { basic } from '../support/test-gate.ts';

/** What each process may open; some forty it takes for itself. */
const DESCRIPTORS = 160;
const SILENT_FOR_EACH = 300;

/**
 * A gate whose processes may open few files, and more connections than all of them can take, none of which sends
 * anything. Resolves once they are gone and everything is as before: no process has more open than at the beginning, and
 * every request is served; to the number of those requests.
 */
export async function outlastSilentConnections(workers: number): Promise<number> {
  const folder = await temporaryFolder('low-descriptors');
  const certs = join(folder.path, 'certs');
  await makeCerts(certs, ['127.0.0.1']);
  const where = ['--listen', '127.0.0.1:0', '--backend', `embedded:${join(folder.path, 'data')}`];
  const serve = [process.execPath, GATE_MAIN, 'serve', '--certs', certs, ...where];
  const limit = `ulimit -n ${DESCRIPTORS}; exec "$@"`;
  const gate = startDaemon('sh', ['-c', limit, '-', ...serve, '--workers', String(workers)]);
  const sockets: Socket[] = [];
  try {
    const port = Number((await gate.line(/"port":(\d+),"msg":"listening/))[1]);
    if (workers > 1) await gate.line(/"msg":"ready"/);
    const ca = await readFile(join(certs, 'ca.crt'), 'utf8');
    const before = await held(gate);
    for (let nth = 0; nth < SILENT_FOR_EACH * workers; nth += 1)
      sockets.push(connect({ port, host: '127.0.0.1' }).on('error', () => undefined));
    await gate.line(/"msg":"connections were refused: this process may not open more files/);
    // Each has room left for files and for the registry.
    expect(Math.max(...(await held(gate)))).toBeLessThan(DESCRIPTORS - 20);
    for (const socket of sockets) socket.destroy();
    await until(
      async () => ((await held(gate)).every((now, at) => now <= (before[at] ?? 0) + 2) ? true : undefined),
      () => `descriptors do not come back; at the beginning there were ${before.join(' ')}`,
    );
    // So many that each worker gets some.
    const requests = 8 * workers;
    for (let turn = 0; turn < requests; turn += 1) expect(await status(port, ca)).toBe(200);
    return requests;
  } finally {
    for (const socket of sockets) socket.destroy();
    await gate.close();
    await folder.close();
  }
}

/** Open files of the first process and of its workers. */
async function held({ pid }: Daemon): Promise<readonly number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
  const pids = [String(pid), ...children.split(' ').filter(Boolean)];
  return Promise.all(pids.map(async (each) => (await readdir(`/proc/${each}/fd`)).length));
}

/** Over a connection of its own. */
function status(port: number, ca: string): Promise<number | undefined> {
  const headers = { authorization: basic(USER, PASSWORD) };
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/v2/', ca, headers, agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    })
      .once('error', reject)
      .end();
  });
}
