import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionsTo, createDice, reportFigures, sized } from '../support/hostile.ts';
import { until } from '../support/programs.ts';
import { sendRaw } from '../support/raw-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { startTargetGate, type TargetGate } from '../support/target-gate.ts';
import { AUTHORIZATION } from '../support/test-gate.ts';
import { makeHello, render } from './client-hello.ts';
import { ODD_HANDSHAKES } from './odd-handshakes.ts';

const HANDSHAKES = sized(1000, 10_000);
const LEFT_OPEN = sized(50, 500);
const SEED = 20_261_122;
const AT_ONCE = 32;
const HANDSHAKE_SECONDS = 3;
const GOOD = `GET /v2/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${AUTHORIZATION}\r\nConnection: close\r\n\r\n`;
/** The log says so once a minute for a port, whatever comes in. */
const MOST_LINES = 20;

describe('handshakes that no honest client makes', () => {
  let backend: RecordingBackend;
  let gate: TargetGate;

  beforeAll(async () => {
    backend = await startRecordingBackend();
    gate = await startTargetGate({
      backend: backend.url,
      config: { timeouts: { handshakeSeconds: HANDSHAKE_SECONDS } },
    });
  });
  afterAll(async () => {
    await gate?.close();
    await backend?.close();
  });

  const isServed = async (): Promise<boolean> =>
    (await sendRaw({ port: gate.port, ca: gate.ca, bytes: GOOD })).answers[0]?.status === 200;

  const allGone = (): Promise<boolean> =>
    until(
      () => connectionsTo(gate.port) === 0 || undefined,
      () => `${connectionsTo(gate.port)} connections are still open`,
    );

  it.each(Object.entries(ODD_HANDSHAKES))('R105: %s harms nobody', async (_name, attack) => {
    await attack(gate, createDice(SEED));
    expect(await isServed()).toBe(true);
  });

  it(`R105, R106: ${HANDSHAKES} of them leave no descriptor, and a good client is served all the time`, async () => {
    await allGone();
    const start = gate.presence();
    const lines = gate.lines();
    const kinds = Object.entries(ODD_HANDSHAKES);
    const tally = new Map<string, number>();
    const began = performance.now();
    let made = 0;
    let served = 0;
    let failed = 0;
    const isOver = (): boolean => made >= HANDSHAKES;
    const attack = async (): Promise<void> => {
      while (!isOver()) {
        const nth = made;
        made += 1;
        const [name, shake] = kinds[nth % kinds.length] ?? ['', () => Promise.resolve()];
        await shake(gate, createDice(SEED + nth));
        tally.set(name, (tally.get(name) ?? 0) + 1);
      }
    };
    const serve = async (): Promise<void> => {
      while (!isOver()) {
        if (await isServed()) served += 1;
        else failed += 1;
      }
    };
    await Promise.all([...Array.from({ length: AT_ONCE }, attack), serve()]);
    const seconds = (performance.now() - began) / 1000;
    await allGone();
    // Clients that spoke plain HTTP get a moment to read their answer, even if they have left.
    await until(
      () => gate.presence().sockets <= start.sockets + backend.open() || undefined,
      () => `${gate.presence().sockets} sockets where there were ${start.sockets}`,
    );
    const end = gate.presence();
    const done = [...tally.values()].reduce((sum, count) => sum + count, 0);
    reportFigures('odd TLS handshakes', {
      handshakes: done,
      kinds: tally.size,
      'good clients served meanwhile': served,
      'good clients not served': failed,
      seconds: Math.round(seconds),
      'descriptors at the start': start.descriptors,
      'descriptors at the end': end.descriptors,
      'MB at the start': Math.round(start.memoryMb),
      'MB at the end': Math.round(end.memoryMb),
    });
    expect(failed).toBe(0);
    expect(served).toBeGreaterThan(0);
    expect(done).toBe(HANDSHAKES);
    expect(end.pids).toEqual(start.pids);
    expect(end.sockets).toBeLessThanOrEqual(start.sockets + backend.open());
    expect(gate.alarms).toEqual([]);
    // The good clients have a line each, as ever.
    expect(gate.lines() - lines - served).toBeLessThan(MOST_LINES);
  }, 600_000);

  it(`R106: ${LEFT_OPEN} half hellos are closed by the gate, and good clients come in beside them`, async () => {
    const sockets: Socket[] = [];
    let closed = 0;
    for (let nth = 0; nth < LEFT_OPEN; nth += 1) {
      const dice = createDice(nth);
      const hello = render(makeHello(dice), dice);
      const socket = connect(gate.port, '127.0.0.1', () =>
        socket.write(hello.subarray(0, nth % hello.length)),
      );
      socket.on('error', () => undefined).on('data', () => undefined);
      socket.once('close', () => (closed += 1));
      sockets.push(socket);
    }
    try {
      expect(await isServed()).toBe(true);
      await until(
        () => closed === LEFT_OPEN || undefined,
        () => `${LEFT_OPEN - closed} of ${LEFT_OPEN} are still open`,
      );
      reportFigures('half hellos left open', { connections: LEFT_OPEN, 'closed by the gate': closed });
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    expect(await isServed()).toBe(true);
  });
});
