import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDice, reportFigures, sized, type BlobPresence } from '../support/hostile.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { startTargetGate, type TargetGate } from '../support/target-gate.ts';
import { AUTHORIZATION } from '../support/test-gate.ts';
import { makeMutant, markOf, shoot, type Mutant } from './mutants.ts';
import { complaintsAboutForwarded } from './run-cases.ts';

const REQUESTS = sized(3000, 100_000);
const SEED = 20_261_122;
/** Mutants that are sent ahead on one connection. What a refusal leaves unread comes again on another. */
const AHEAD = 8;
const AT_ONCE = 32;
const CREDENTIALS = `Authorization: ${AUTHORIZATION}\r\n`;
const MARK = '/v2/mark/manifests/';

interface Seen {
  tried: number;
  connections: number;
  forwarded: number;
  answered: number;
  readonly statuses: Map<number, number>;
  readonly complaints: string[];
}

describe(`R8: ${REQUESTS} requests with bytes changed, seed ${SEED}`, () => {
  let backend: RecordingBackend;
  let gate: TargetGate;

  beforeAll(async () => {
    backend = await startRecordingBackend();
    gate = await startTargetGate({ backend: backend.url, config: { timeouts: { bodyIdleSeconds: 1 } } });
  });
  afterAll(async () => {
    await gate?.close();
    await backend?.close();
  });

  const seen: Seen = {
    tried: 0,
    connections: 0,
    forwarded: 0,
    answered: 0,
    statuses: new Map(),
    complaints: [],
  };
  const dice = createDice(SEED);
  const again: Mutant[] = [];
  const marks = new Set<string>();
  /** How often a mutant was sent, less how often it was forwarded. */
  const due = new Map<string, number>();
  let warm: BlobPresence | undefined;
  let made = 0;
  let session: Buffer | undefined;

  const nextBatch = (): readonly Mutant[] => {
    const batch = again.splice(0, AHEAD);
    while (batch.length < AHEAD && made < REQUESTS) batch.push(makeMutant((made += 1), dice, CREDENTIALS));
    return batch;
  };

  /** Reads the wire; what is on it came from one of these, or from one that is under way. */
  const readWire = (): void => {
    for (const recorded of backend.take()) {
      const { malformed } = recorded;
      if (malformed !== undefined) seen.complaints.push(malformed);
      for (const request of recorded.requests) {
        // The gate's own question whether the registry is there; what it asks for a client says so.
        if (request.raw === `GET /v2/ HTTP/1.1\r\nhost: 127.0.0.1:${backend.port}\r\n\r\n`) continue;
        // A body may be anything, the next request with its credentials too, where a length has grown.
        const head = request.raw.slice(0, request.raw.indexOf('\r\n\r\n'));
        seen.complaints.push(...complaintsAboutForwarded({ ...request, raw: head }));
        if (request.target.startsWith(MARK)) marks.add(request.target.slice(MARK.length));
        else seen.forwarded += 1;
        if (request.target.includes('hidden')) seen.complaints.push(`smuggled: ${request.target}`);
        const [, name] = /^\/v2\/(m[0-9a-z]{5})\//.exec(request.target) ?? [];
        const left = name === undefined ? undefined : due.get(name);
        if (name === undefined || left === undefined) continue;
        due.set(name, left - 1);
        if (left === 0) seen.complaints.push(`more often than it was sent: ${request.target}`);
      }
    }
  };

  const attack = async (): Promise<void> => {
    for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
      const bytes = batch.map(
        (mutant, at) => mutant.bytes + markOf(mutant, CREDENTIALS, at === batch.length - 1),
      );
      for (const { name } of batch) due.set(name, (due.get(name) ?? 0) + 1);
      const shot = await shoot(gate, bytes.join(''), session);
      session = shot.session;
      readWire();
      seen.connections += 1;
      for (const status of shot.statuses) seen.statuses.set(status, (seen.statuses.get(status) ?? 0) + 1);
      const served = batch.findLastIndex(({ name }) => marks.delete(name));
      // The one after the last that was got over ended the connection.
      const tried = Math.min(batch.length, served + 2);
      seen.tried += tried;
      if (shot.statuses.length > 0) seen.answered += tried;
      for (const { name } of batch.slice(0, tried)) due.delete(name);
      again.push(...batch.slice(tried));
      // The code that the attack runs through is compiled by then.
      if (seen.tried >= REQUESTS / 10) warm ??= gate.presence();
    }
  };

  it('reach the backend well-formed or not at all, and the gate lives, of the size that it was', async () => {
    const began = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, attack));
    const seconds = (performance.now() - began) / 1000;
    const end = gate.presence();
    const start = warm ?? end;
    reportFigures('mutated requests', {
      requests: seen.tried,
      connections: seen.connections,
      'forwarded, well-formed': seen.forwarded,
      ...Object.fromEntries([...seen.statuses].toSorted(([one], [other]) => one - other)),
      'wrong at the backend': seen.complaints.length,
      seconds: Math.round(seconds),
      'MB at the start': Math.round(start.memoryMb),
      'MB at the end': Math.round(end.memoryMb),
    });
    expect(seen.complaints).toEqual([]);
    expect(seen.tried).toBe(REQUESTS);
    // Neither is all of it refused at the first byte, nor does all of it pass.
    expect(seen.forwarded).toBeGreaterThan(REQUESTS / 20);
    expect(seen.forwarded).toBeLessThan(REQUESTS);
    expect(gate.alarms).toEqual([]);
    expect(gate.isAlive()).toBe(true);
    expect(end.pids).toEqual(start.pids);
    expect(end.memoryMb - start.memoryMb).toBeLessThan(sized(100, 50));
  }, 900_000);
});
