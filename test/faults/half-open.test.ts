import { afterAll, beforeAll, expect, it } from 'vitest';
import { must } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { openClient, startBackend, type Backend } from './scripted-backend.ts';

/** Of a connection of ours, as the kernel says it: when it will next ask whether the other end is there. */
async function secondsToProbe(port: number, side: 'sport' | 'dport'): Promise<number> {
  const lines = await must('ss', ['-tnoH', 'state', 'established', `${side} = :${port}`]);
  const [, timer = ''] = /timer:\(keepalive,([^,]+),0\)/.exec(lines) ?? [];
  // `29sec`, `950ms`.
  const amount = Number.parseFloat(timer);
  if (Number.isNaN(amount)) throw new Error(`no keep-alive in: ${lines}`);
  return timer.endsWith('ms') ? amount / 1000 : amount;
}

/** libuv sends ten probes, a second apart: after these and the time before the first the kernel ends the connection. */
describeWith(['ss'], 'R150: an end that is gone without a word, as behind a cable that was pulled', () => {
  let gate: TestGate;
  let backend: Backend;

  beforeAll(async () => {
    backend = await startBackend(
      (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    );
    gate = await startTestGate({ backend: backend.url });
  });
  afterAll(async () => {
    await gate.close();
    await backend.close();
  });

  it('is looked for by the kernel on both sides, within 30 seconds', async () => {
    const client = await openClient(gate);
    client.ask('GET', '/v2/');
    expect(await client.answer()).toMatchObject({ status: 200 });
    for (const seconds of [
      await secondsToProbe(gate.port, 'sport'),
      await secondsToProbe(backend.port, 'dport'),
    ])
      expect(seconds).toBeLessThanOrEqual(30);
    client.close();
  });
});
