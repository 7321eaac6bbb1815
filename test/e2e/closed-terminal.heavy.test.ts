import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import { expect, it } from 'vitest';
import { GATE_MAIN, makeCerts } from '../support/gate-process.ts';
import { startProcess } from '../support/processes.ts';
import { temporaryFolder, until } from '../support/programs.ts';
import { describeWith, TERMINAL_NEEDS } from '../support/requires.ts';

describeWith(TERMINAL_NEEDS, 'M-D13: a gate on a terminal', () => {
  it('stops when the terminal is closed', async () => {
    const folder = await temporaryFolder('closed-terminal');
    const certs = join(folder.path, 'certs');
    await makeCerts(certs, ['127.0.0.1']);
    const pidFile = join(folder.path, 'pid');
    const where = `--listen 127.0.0.1:0 --certs ${certs} --data ${join(folder.path, 'data')}`;
    const command = `echo $$ >${pidFile}; exec ${process.execPath} ${GATE_MAIN} up ${where}`;
    const terminal = startProcess('script', ['-q', '-c', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let said = '';
    terminal.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    try {
      await until(
        () => (said.includes('docker login') ? true : undefined),
        () => `it does not serve:\n${said}`,
      );
      const pid = Number(await readFile(pidFile, 'utf8'));
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      // The window is closed: the program that holds the other end of the terminal is gone.
      terminal.kill('SIGKILL');
      await until(
        () => (existsSync(`/proc/${pid}`) ? undefined : true),
        () => {
          kill(pid, 'SIGKILL');
          return 'it goes on serving';
        },
      );
    } finally {
      terminal.kill('SIGKILL');
      await folder.close();
    }
  });
});
