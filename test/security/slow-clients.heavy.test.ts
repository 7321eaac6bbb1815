import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LAYER } from '../hostile/soak-content.ts';
import { openSoakConnection } from '../hostile/soak-connection.ts';
import { pullLayer } from '../hostile/soak-work.ts';
import { reportFigures, sized } from '../support/hostile.ts';
import { run, startDaemon, type Daemon } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { startTargetGate, type TargetGate } from '../support/target-gate.ts';

const CONNECTIONS = sized(100, 500);
const SECONDS = sized(6, 30);
/** How long the attacker's own probe waits for an answer. */
const PROBE_SECONDS = 5;

/** What everybody may ask for, so that there is something to read slowly. */
const MODES: readonly (readonly [string, readonly string[]])[] = [
  ['slow headers (-H)', ['-H', '-u', '/v2/']],
  ['slow bodies (-B)', ['-B', '-s', '8192', '-u', '/v2/a/blobs/uploads/']],
  ['slow reading (-X)', ['-X', '-k', '3', '-u', '/trust.sh']],
  ['ranges (-R)', ['-R', '-u', '/v2/a/blobs/sha256:0']],
];

describeWith(['slowhttptest'], `R121: ${CONNECTIONS} slow connections`, () => {
  let registry: Daemon;
  let gate: TargetGate;

  beforeAll(async () => {
    registry = startDaemon(process.execPath, [resolve(import.meta.dirname, '../hostile/soak-registry.ts')]);
    const [, port] = await registry.line(/listening (\d+)/);
    gate = await startTargetGate({ backend: `http://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await gate?.close();
    await registry?.close();
  });

  it.each(MODES)('%s: the service is available throughout, and pulls go on', async (name, flags) => {
    const all = flags.map((flag) => (flag.startsWith('/') ? `https://127.0.0.1:${gate.port}${flag}` : flag));
    const speed = [
      '-c',
      `${CONNECTIONS}`,
      '-r',
      '200',
      '-i',
      '5',
      '-l',
      `${SECONDS}`,
      '-p',
      `${PROBE_SECONDS}`,
    ];
    const attack = run('slowhttptest', [...all, ...speed]);
    let over = false;
    const isOver = (): boolean => over;
    let pulls = 0;
    const pulling = (async () => {
      while (!isOver()) {
        const connection = await openSoakConnection(gate.port, gate.ca);
        for (let nth = 0; nth < 20; nth += 1) await pullLayer(connection);
        pulls += 20;
        connection.close();
      }
    })();
    const { output } = await attack.finally(() => (over = true));
    await pulling;
    const words = stripVTControlCharacters(output).matchAll(/service available:\s+(YES|NO)/g);
    const said = [...words].map(([, word]) => word);
    reportFigures(`slowhttptest, ${name}`, {
      connections: CONNECTIONS,
      seconds: SECONDS,
      'asked whether available': said.length,
      yes: said.filter((word) => word === 'YES').length,
      'layers pulled meanwhile': pulls,
      'MB pulled': Math.round((pulls * LAYER.length) / 1e6),
    });
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((word) => word !== 'YES')).toEqual([]);
    expect(pulls).toBeGreaterThan(0);
    expect(gate.isAlive()).toBe(true);
    expect(gate.alarms).toEqual([]);
  });
});
