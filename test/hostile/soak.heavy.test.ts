import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { connectionsTo, createDice, reportFigures, sized, type BlobPresence } from '../support/hostile.ts';
import { startDaemon, until } from '../support/programs.ts';
import { startTargetGate, type TargetGate } from '../support/target-gate.ts';
import { openSoakConnection, type SoakConnection } from './soak-connection.ts';
import { takeTurn } from './soak-work.ts';

/** By the number of workers. SOAK_REQUESTS names another number for both. */
const REQUESTS = ([1, 2] as const).map((workers) => {
  const usual = workers === 1 ? sized(10_000, 1_000_000) : sized(10_000, 500_000);
  return [workers, Number(process.env['SOAK_REQUESTS'] ?? usual)] as const;
});
const CLIENTS = 16;
/** Then a client hangs up and comes back, with a handshake of its own. */
const TURNS_OF_A_CONNECTION = 100;
const CHANGE_MS = 1000;
/** The descriptors of a thread: a worker that hashes its first password late has one more than at the start. */
const OF_A_THREAD = 5;
const DEADLINE_MS = 3_600_000;
/** Above what the reads and hashes of one turn need, and what a heap that is collected seldom moves by. */
const GROWTH_MB = 40;

interface Seen {
  readonly goal: number;
  requests: number;
  reloads: number;
  certificates: number;
  readonly fingerprints: Set<string>;
  readonly failures: string[];
  readonly tally: Map<string, number>;
  /** Megabytes by requests so far. */
  readonly memory: (readonly [number, number])[];
}

/** Everything changes all the time, and none of it is the business of the clients: another user, the certificate, and SIGHUP. */
async function keepChanging(gate: TargetGate, seen: Seen, isOver: () => boolean): Promise<void> {
  const users = join(gate.certs, 'htpasswd');
  const before = await readFile(users, 'utf8');
  const visitor = before.replace('alice:', 'visitor:');
  for (let turn = 0; !isOver(); turn += 1) {
    const next = performance.now() + CHANGE_MS;
    await writeFile(`${users}.new`, turn % 2 === 0 ? before + visitor : before, { mode: 0o600 });
    await rename(`${users}.new`, users);
    if (turn % 5 === 0) {
      const hosts = ['127.0.0.1', 'localhost'];
      await initCertificates({ directory: gate.certs, hosts, now: new Date(), force: true });
      seen.certificates += 1;
    }
    gate.signal('SIGHUP');
    seen.reloads += 1;
    seen.memory.push([seen.requests, gate.presence().memoryMb]);
    await until(
      () => performance.now() >= next || isOver() || undefined,
      () => 'the clock stands still',
    );
  }
}

async function beClient(gate: TargetGate, seen: Seen, nth: number): Promise<void> {
  const dice = createDice(nth);
  let connection: SoakConnection | undefined;
  for (let turn = nth; seen.requests < seen.goal && seen.failures.length < 20; turn += 1) {
    try {
      if (connection === undefined || turn % TURNS_OF_A_CONNECTION === 0) {
        connection?.close();
        connection = await openSoakConnection(gate.port, gate.ca);
        seen.fingerprints.add(connection.fingerprint);
      }
      const made = await takeTurn(connection, dice, seen.tally);
      seen.requests += made;
    } catch (error) {
      seen.failures.push(String(error));
      connection?.close();
      connection = undefined;
    }
  }
  connection?.close();
}

/** Megabytes that are added in a hundred thousand requests, by the least squares; the first half is warming up. */
function slopeOf({ memory, goal }: Seen): number {
  const points = memory.filter(([at]) => at >= goal / 2);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, mb]) => mb))];
  const covariance = mean(points.map(([at, mb]) => (at - x) * (mb - y)));
  const variance = mean(points.map(([at]) => (at - x) ** 2));
  return variance === 0 ? 0 : (covariance / variance) * 100_000;
}

describe.each(REQUESTS)('R153: with %i worker(s), %i requests and a reload every second', (workers, goal) => {
  it(
    'fail none of them, and memory and descriptors end where they began',
    async () => {
      const registry = startDaemon(process.execPath, [resolve(import.meta.dirname, 'soak-registry.ts')]);
      const [, port] = await registry.line(/listening (\d+)/);
      const gate = await startSoakGate(`http://127.0.0.1:${port}`, workers);
      const seen: Seen = {
        goal,
        requests: 0,
        reloads: 0,
        certificates: 0,
        fingerprints: new Set(),
        failures: [],
        tally: new Map(),
        memory: [],
      };
      try {
        // What is opened once and kept (connections to the registry, threads) is opened before the count.
        const isQuiet = (): boolean => connectionsTo(gate.port) + connectionsTo(Number(port)) === 0;
        const rest = async (): Promise<BlobPresence> => {
          await until(
            () => isQuiet() || undefined,
            () =>
              `connections: ${connectionsTo(gate.port)} of clients, ${connectionsTo(Number(port))} to the registry`,
            60_000,
          );
          return gate.presence();
        };
        await warmUp(gate);
        const start = await rest();
        const began = performance.now();
        let over = false;
        const changes = keepChanging(gate, seen, () => over);
        await Promise.all(Array.from({ length: CLIENTS }, (_none, nth) => beClient(gate, seen, nth + 1)));
        over = true;
        await changes;
        const seconds = (performance.now() - began) / 1000;
        const end = await rest();
        seen.memory.push([seen.requests, end.memoryMb]);
        report(workers, seen, { start, end, seconds });
        expect(seen.failures).toEqual([]);
        expect(gate.alarms).toEqual([]);
        expect(end.pids).toEqual(start.pids);
        expect(end.sockets).toBeLessThanOrEqual(start.sockets);
        expect(end.descriptors).toBeLessThanOrEqual(start.descriptors + OF_A_THREAD * workers);
        expect(seen.fingerprints.size).toBeGreaterThan(seen.certificates / 2);
        const later = seen.memory.filter(([at]) => at >= goal / 2).map(([, mb]) => mb);
        expect(Math.min(...later.slice(-5)) - Math.min(...later.slice(0, 5))).toBeLessThan(GROWTH_MB);
      } finally {
        const status = await gate.close();
        await registry.close();
        expect(status).toBe(0);
      }
    },
    DEADLINE_MS,
  );
});

async function startSoakGate(backend: string, workers: number): Promise<TargetGate> {
  const gate = await startTargetGate({
    backend,
    config: { workers, access: 'access.yml' },
    files: { 'access.yml': 'rules:\n  - who: alice\n    repositories: open/**\n    allow: [pull, push]\n' },
  });
  return gate;
}

/** The inventory of the pages begins a while after the start, with a thread and a file of its own. */
async function inventoryOpens({ certs }: TargetGate): Promise<void> {
  await until(
    async () => (await readdir(certs)).some((name) => /^inventory-.*-wal$/.test(name)) || undefined,
    () => 'no inventory',
  );
}

async function warmUp(gate: TargetGate): Promise<void> {
  await inventoryOpens(gate);
  const seen = new Map<string, number>();
  const connections = await Promise.all(
    Array.from({ length: CLIENTS }, () => openSoakConnection(gate.port, gate.ca)),
  );
  await Promise.all(
    connections.map(async (connection, nth) => {
      const dice = createDice(-1 - nth);
      for (let turn = 0; turn < 50; turn += 1) await takeTurn(connection, dice, seen);
      connection.close();
    }),
  );
}

interface Ends {
  readonly start: { readonly memoryMb: number; readonly descriptors: number };
  readonly end: { readonly memoryMb: number; readonly descriptors: number };
  readonly seconds: number;
}

function report(workers: number, seen: Seen, { start, end, seconds }: Ends): void {
  const peak = Math.max(...seen.memory.map(([, mb]) => mb));
  reportFigures(`soak, ${workers} worker${workers === 1 ? '' : 's'}`, {
    requests: seen.requests,
    ...Object.fromEntries(seen.tally),
    failed: seen.failures.length,
    seconds: Math.round(seconds),
    reloads: seen.reloads,
    'certificates replaced': seen.certificates,
    'certificates seen by clients': seen.fingerprints.size,
    'MB at the start': Math.round(start.memoryMb),
    'MB at most': Math.round(peak),
    'MB at the end': Math.round(end.memoryMb),
    'MB more in 100000 requests': Math.round(slopeOf(seen) * 10) / 10,
    'descriptors at the start': start.descriptors,
    'descriptors at the end': end.descriptors,
  });
}
