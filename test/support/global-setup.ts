import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { MARK, runningOf, signalProcess } from './processes.ts';

/** Waits until its standard input ends, which the end of this process sees to, then kills what the run has left. */
const SWEEP = `
cat > /dev/null
for environ in $(grep -lsz "^${MARK}=$1 " /proc/[0-9]*/environ); do
  pid=\${environ#/proc/}
  kill -9 "\${pid%/environ}" 2> /dev/null
done
exit 0
`;

/** Marks all that this run of the tests starts, and sees to it that nothing of it is left, also where the run is killed. */
export default function setup(): () => void {
  const run = randomBytes(6).toString('hex');
  const { [MARK]: _outer, ...env } = process.env;
  const sweeper = spawn('sh', ['-c', SWEEP, 'sh', run], {
    detached: true,
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  sweeper.on('error', () => undefined).unref();
  process.env[MARK] = run;
  // Starting the program from its sources costs a second of processor time, and half of that with what is kept here.
  process.env['NODE_COMPILE_CACHE'] ??= resolve(import.meta.dirname, '../../node_modules/.cache/compile');

  return () => {
    const left = runningOf(run);
    for (const { pid } of left) signalProcess(pid, 'SIGKILL');
    sweeper.stdin.destroy();
    if (left.length === 0) return;
    const names = left.map(({ pid, command, file }) => `  ${file}: ${pid} ${command}`);
    throw new Error(`left running after the tests:\n${names.join('\n')}`);
  };
}
