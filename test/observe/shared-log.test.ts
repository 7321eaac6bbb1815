import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { startProcess } from '../support/processes.ts';

const WRITERS = 4;
const LINES = 3000;
const LOG = pathToFileURL(join(import.meta.dirname, '../../src/observe/access-log.ts')).href;

/** Logs lines of different lengths, and says when it has. */
const WRITER = `
  import { createLog } from ${JSON.stringify(LOG)};
  const worker = Number(process.argv[1]);
  const log = createLog({ level: 'info', shared: true, worker });
  for (let at = 0; at < ${LINES}; at += 1) {
    log.info({ at, filler: String(worker).repeat(100 + (at * 37) % 900) }, 'line');
    if (at % 50 === 0) await new Promise(setImmediate);
  }
  process.stderr.write('.');
`;

it.each([
  { what: 'a pipe', after: '| cat' },
  // What Node gives a child, and systemd a service.
  { what: 'a socket', after: '' },
])('mixes no line of one process with that of another on $what', async ({ after }) => {
  const writers = Array.from(
    { length: WRITERS },
    (_none, worker) => `"$NODE" --input-type=module -e "$WRITER" ${worker} &`,
  );
  const shell = startProcess('sh', ['-c', `{ ${writers.join('\n')} wait; } ${after}`], {
    env: { ...process.env, NODE: process.execPath, WRITER },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // All wait for room when the reader begins: that is when longer writes are taken apart.
  let dots = '';
  for await (const said of shell.stderr) {
    dots += String(said);
    if (dots.length >= WRITERS) break;
  }
  expect(dots).toBe('.'.repeat(WRITERS));
  const chunks: Buffer[] = [];
  for await (const chunk of shell.stdout) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString().trimEnd().split('\n');
  const seen = lines.map((line): { worker: number; at: number; filler: string } => JSON.parse(line));
  expect(seen.every(({ worker, filler }) => filler === String(worker).repeat(filler.length))).toBe(true);
  // Each in its own order, and none is lost.
  for (let worker = 0; worker < WRITERS; worker += 1) {
    const own = seen.filter((line) => line.worker === worker).map(({ at }) => at);
    expect(own).toEqual(Array.from({ length: LINES }, (_none, at) => at));
  }
});
