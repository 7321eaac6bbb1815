import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../faults/scripted-backend.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

let gate: TestGate;
beforeAll(async () => {
  gate = await startTestGate({ backend: 'http://127.0.0.1:1' });
});
afterAll(() => gate.close());

it('an alert of a client that does not trust the gate is logged with its address', async () => {
  // Without the CA this client sends its alert and closes at once.
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: 'localhost' });
  socket.on('error', () => undefined);
  const warnings = (): readonly Record<string, unknown>[] =>
    gate.log
      .map((line): Record<string, unknown> => JSON.parse(line))
      .filter(
        ({ msg }) => String(msg).includes('registry-gate doctor') || String(msg).includes('handshake failed'),
      );
  await eventually('a warning', () => warnings().length > 0);
  socket.destroy();
  expect(warnings().map(({ address }) => address)).toEqual(['127.0.0.1']);
});
