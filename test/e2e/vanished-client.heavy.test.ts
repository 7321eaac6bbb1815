import { expect, it } from 'vitest';
import { createNamespace } from '../support/namespace.ts';
import { must, startDaemon, until } from '../support/programs.ts';
import { startRecordingBackend } from '../support/recording-backend.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate } from '../support/test-gate.ts';

/** Asks once, and waits. */
const CLIENT = `
const [port, host, authorization] = process.argv.slice(1);
const socket = require('node:tls').connect({ port: Number(port), host, rejectUnauthorized: false }, () =>
  socket.write('GET /v2/a/tags/list HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: ' + authorization + '\\r\\n\\r\\n'));
`;

/** From now on nothing leaves the machine: neither data nor the end of a connection. */
const SILENCE =
  'add table inet cut; add chain inet cut out { type filter hook output priority 0; policy drop; }';

describeWith(['ip', 'nsenter', 'nft'], 'R150: a client whose machine vanishes', () => {
  it('while it waits for the registry is missed within three minutes, and the registry is left', async () => {
    const namespace = await createNamespace();
    const backend = await startRecordingBackend();
    backend.script({ onRequest: () => undefined });
    const listen = [{ host: namespace.outside, port: 0 }];
    const gate = await startTestGate({ backend: backend.url, config: { listen } });
    const [program = '', ...entering] = namespace.enter;
    const asking = ['-e', CLIENT, String(gate.port), namespace.outside, gate.authorization];
    const client = startDaemon(program, [...entering, process.execPath, ...asking]);
    try {
      await backend.sees('/v2/a/tags/list');
      await must(program, [...entering, 'nft', SILENCE]);
      await client.close();
      expect(backend.open()).toBe(1);
      await until(
        () => (backend.open() === 0 ? true : undefined),
        () => 'the gate still waits for nobody',
      );
    } finally {
      await client.close();
      await gate.close();
      await backend.close();
      await namespace.close();
    }
  });
});
