import { afterAll, beforeAll, expect, it } from 'vitest';
import { schema } from '../../../src/config/schema/schema.ts';
import { run, until } from '../../support/programs.ts';
import { sendRaw } from '../../support/raw-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../../support/recording-backend.ts';
import { describeWith } from '../../support/requires.ts';
import { startTestGate, type TestGate } from '../../support/test-gate.ts';

const ADVICE = 'for images and not for tokens';

describeWith(['openssl'], 'C7: a client that trusts the gate for images alone', () => {
  let backend: RecordingBackend;
  let gate: TestGate;
  beforeAll(async () => {
    backend = await startRecordingBackend();
    const auth = { ...schema.parse({}).auth, challenge: 'bearer' as const };
    gate = await startTestGate({ backend: backend.url, config: { auth } });
  });
  afterAll(async () => {
    await gate?.close();
    await backend?.close();
  });

  const ask = async (line: string): Promise<number | undefined> => {
    const bytes = `${line} HTTP/1.1\r\nHost: localhost:${gate.port}\r\nConnection: close\r\n\r\n`;
    const method = line.slice(0, line.indexOf(' '));
    const { answers } = await sendRaw({
      port: gate.port,
      ca: gate.ca,
      bytes,
      methods: [method],
    });
    return answers[0]?.status;
  };
  const look = (): Promise<number | undefined> => ask('HEAD /v2/team/app/manifests/latest');
  /** A handshake that ends with an alert, because the certificate is not trusted. */
  const distrust = async (): Promise<void> => {
    const to = `127.0.0.1:${gate.port}`;
    await run('openssl', ['s_client', '-connect', to, '-verify_return_error', '-brief'], { input: '' });
    // The next connection is served after the alert was read.
    await ask('GET /healthz');
  };
  const said = (): readonly string[] => gate.log.filter((line) => line.includes(ADVICE));

  it('is spoken of once, when it was sent to /token and ends the handshake there', async () => {
    await distrust();
    expect(said()).toEqual([]);
    expect(await look()).toBe(401);
    await ask('GET /token?service=x');
    await distrust();
    expect(said()).toEqual([]);
    expect(await look()).toBe(401);
    await distrust();
    await until(
      () => said().length > 0 || undefined,
      () => 'nothing was said',
    );
    expect(said()).toHaveLength(1);
    expect(said()[0]).toContain('127.0.0.1');
    await look();
    await distrust();
    expect(said()).toHaveLength(1);
  });
});
