import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import { expect, it } from 'vitest';
import { openClient, startBackend } from '../faults/scripted-backend.ts';
import { GATE_MAIN } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until } from '../support/programs.ts';
import { MOUNT_NEEDS, describeWith } from '../support/requires.ts';
import { startTestGate } from '../support/test-gate.ts';

const DISK_BYTES = 64 * 1024;

describeWith(MOUNT_NEEDS, 'R151: a log on a disk that is full', () => {
  it.each([
    { name: 'one process', args: [] },
    { name: 'two workers', args: ['--workers', '2'] },
  ])('does not keep the gate from serving, nor from stopping: $name', async ({ args }) => {
    const folder = await temporaryFolder('full-log');
    const disk = join(folder.path, 'disk');
    await mkdir(disk);
    const lender = await startTestGate({ backend: 'http://127.0.0.1:1' });
    const backend = await startBackend(
      (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    );
    const script = `mount -t tmpfs -o size=${DISK_BYTES} none "$0" && echo mounted && exec "$@" >> "$0/log" 2>&1`;
    const serve = ['serve', '--listen', '127.0.0.1:0', '--backend', backend.url, '--certs', lender.certs];
    const program = [process.execPath, GATE_MAIN, ...serve, ...args];
    const gate = startDaemon('unshare', ['-m', 'sh', '-c', script, disk, ...program]);
    try {
      await gate.line(/mounted/);
      // The disk is seen by the gate alone.
      const log = join(`/proc/${gate.pid}/root`, disk, 'log');
      const port = await until(
        async () => /"port":(\d+),"msg":"listening"/.exec(await readFile(log, 'utf8').catch(() => ''))?.[1],
        () => 'it does not listen',
      );
      const isFull = async (): Promise<boolean> => (await stat(log)).blocks * 512 >= DISK_BYTES;
      const client = await openClient({ ...lender, port: Number(port) });
      let asked = 0;
      const askSome = async (count: number): Promise<void> => {
        for (const last = asked + count; asked < last; asked += 1) {
          client.ask('GET', '/v2/');
          expect(await client.answer(asked)).toMatchObject({ status: 200 });
        }
      };
      while (!(await isFull())) await askSome(20);
      await askSome(100);
      client.close();
      kill(gate.pid, 'SIGTERM');
      await until(
        () => (isThere(gate.pid) ? undefined : true),
        () => 'it does not stop',
      );
    } finally {
      await gate.close();
      await backend.close();
      await lender.close();
      await folder.close();
    }
  });
});

function isThere(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch {
    return false;
  }
}
