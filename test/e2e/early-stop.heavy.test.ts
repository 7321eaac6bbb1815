import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateCommand, GATE_MAIN, makeCerts } from '../support/gate-process.ts';
import { signalProcess, startProcess } from '../support/processes.ts';
import { temporaryFolder, until, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

let folder: Folder;
let certs: string;
beforeAll(async () => {
  folder = await temporaryFolder('early-stop');
  certs = join(folder.path, 'certs');
  await makeCerts(certs, ['127.0.0.1']);
});
afterAll(() => folder.close());

function serve(...args: readonly string[]): readonly string[] {
  const backend = `embedded:${join(folder.path, 'data')}`;
  const where = ['--listen', '127.0.0.1:0', '--certs', certs, '--backend', backend];
  return [process.execPath, GATE_MAIN, 'serve', ...where, ...args];
}

/** Before the program itself runs, a process that is not the first of its namespace is ended by the system. */
const STOPPED = ['0', 'SIGTERM'];

describe('M-D4: a gate that is told to stop while it starts', () => {
  it.each([0, 30, 100, 200, 300, 450, 600, 900])('%i ms after its start: ends', async (delay) => {
    const [program = '', ...args] = serve();
    const child = startProcess(program, args, { stdio: 'ignore' });
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'exit');
    expect(STOPPED).toContain(String(code ?? signal));
  });

  it('with workers too, none of which is left', async () => {
    const [program = '', ...args] = serve('--workers', '2');
    const child = startProcess(program, args, { stdio: 'ignore' });
    const children = `/proc/${child.pid}/task/${child.pid}/children`;
    const workers = await until(
      async () => {
        const pids = (await readFile(children, 'utf8')).trim();
        return pids === '' ? undefined : pids.split(' ');
      },
      () => 'no worker is started',
    );
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'exit');
    expect([code, signal]).toEqual([0, null]);
    // Where the start took too long, they notice by themselves that their primary is gone.
    await until(
      async () => {
        const alive = await readdir('/proc');
        return workers.some((pid) => alive.includes(pid)) ? undefined : true;
      },
      () => `workers are left: ${workers.join(' ')}`,
    );
  });
});

describeWith(['unshare'], 'M-D4: a gate that is process 1', () => {
  it.each(['serve', 'another command'])('is stopped by SIGTERM: %s', async (what) => {
    const command = what === 'serve' ? serve() : [process.execPath, GATE_MAIN, 'users', 'add', 'bob'];
    const child = startProcess('unshare', ['--pid', '--fork', '--mount-proc', ...command], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const inside = await until(
      async () => {
        const pids = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim();
        return pids === '' ? undefined : Number(pids);
      },
      () => 'nothing is started',
    );
    const ended = once(child, 'exit');
    let isOver = false;
    void ended.then(() => (isOver = true));
    // Until its first line runs, the kernel drops what comes; from there on one is enough, and the second ends it at once.
    await until(
      async () => {
        if (isOver) return true;
        signalProcess(inside, 'SIGTERM');
        await new Promise((resolve) => setTimeout(resolve, 100));
        return undefined;
      },
      () => 'it lives on',
    );
    expect(isOver).toBe(true);
  });
});

describe('M-D4: a folder that can not be made', () => {
  it('ends up and serve at once, with the reason', async () => {
    const ran = await gateCommand(['up', '--certs', certs, '--data', '/proc/nowhere/data', '--listen', ':0']);
    expect(ran.status).toBe(1);
    expect(ran.output).toMatch(/FILE_UNWRITABLE.*\/proc\/nowhere\/data/);
  });
});
