import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/programs.ts';
import { sendRaw } from '../../support/raw-client.ts';
import { basic, startTestGate, type TestGate } from '../../support/test-gate.ts';

const HERE = { host: '127.0.0.1', port: 0 };

describe('the plain port', () => {
  let gate: TestGate;
  let port = 0;

  beforeAll(async () => {
    gate = await startTestGate({
      backend: 'http://127.0.0.1:1',
      config: { redirectListen: HERE },
      timeouts: { headerSeconds: 0.5 },
      limits: { headerBytes: 4096 },
    });
    port = gate.gate.ports.at(-1) ?? 0;
  });
  afterAll(() => gate.close());

  const get = (target: string, ...fields: readonly string[]): string =>
    [`GET ${target} HTTP/1.1`, ...fields, '', ''].join('\r\n');

  it('redirects to the port of https, and ends the connection', async () => {
    for (const host of [`127.0.0.1:${port}`, 'localhost']) {
      const { answers, end } = await sendRaw({ port, bytes: get('/v2/?a=b', `Host: ${host}`) });
      const to = `https://${host.replace(/:\d+$/, '')}:${gate.port}/v2/?a=b`;
      expect(answers.map((answer) => [answer.status, answer.header('location'), end])).toEqual([
        [301, to, 'fin'],
      ]);
    }
  });

  it('gives the CA to HEAD and GET', async () => {
    const [answer] = (await sendRaw({ port, bytes: get('/ca.crt', 'Host: a.lan') })).answers;
    expect([answer?.status, answer?.body]).toEqual([200, gate.ca]);
    const head = get('/ca.crt', 'Host: a.lan').replace('GET', 'HEAD');
    const [empty] = (await sendRaw({ port, bytes: head, methods: ['HEAD'] })).answers;
    expect([empty?.status, empty?.body]).toEqual([200, '']);
  });

  it.each([
    {
      name: 'a password',
      bytes: () => get('/v2/', 'Host: localhost', `Authorization: ${basic('bob', 'letmein')}`),
    },
    {
      name: 'a password behind many fields',
      bytes: () =>
        get(
          '/',
          'Host: localhost',
          ...Array.from({ length: 300 }, (_none, at) => `A${at}: `),
          `Authorization: ${basic('bob', 'letmein')}`,
        ),
    },
    {
      name: 'a push with a password',
      bytes: () =>
        `POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic('bob', 'letmein')}\r\nContent-Length: 100\r\n\r\nhalf`,
    },
    {
      name: 'a form',
      bytes: () => 'POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\npassword=letmein',
    },
    { name: 'a host that is not ours', bytes: () => get('/', 'Host: evil.example') },
    { name: 'two hosts', bytes: () => get('/', 'Host: localhost', 'Host: evil.example') },
    { name: 'an absolute target', bytes: () => get('http://evil.example/', 'Host: localhost') },
    { name: 'a line folded into Host', bytes: () => get('/', 'Host: localhost\r\n evil.example') },
    { name: 'a line end in the target', bytes: () => 'GET /a\rb HTTP/1.1\r\nHost: localhost\r\n\r\n' },
    {
      name: 'both lengths',
      bytes: () =>
        'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    },
    { name: 'a head that is too large', bytes: () => get('/', 'Host: localhost', `A: ${'x'.repeat(5000)}`) },
    { name: 'a TLS handshake', bytes: () => Buffer.from('16030100c8010000c40303', 'hex').toString('latin1') },
    { name: 'HTTP/2', bytes: () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
    { name: 'CONNECT', bytes: () => 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n' },
    {
      name: 'an upgrade',
      bytes: () => 'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    },
  ])('refuses $name, once, and ends the connection', async ({ bytes }) => {
    const { answers, bytes: received } = await sendRaw({
      port,
      bytes: [bytes(), get('/second', 'Host: localhost')],
    });
    expect(answers.filter(({ status }) => status < 400)).toEqual([]);
    expect(answers.length).toBeLessThanOrEqual(1);
    expect(received.toString('latin1')).not.toMatch(/evil|letmein|second/);
  });

  it('answers one request of a connection alone', async () => {
    const { answers } = await sendRaw({ port, bytes: get('/ca.sha256', 'Host: localhost').repeat(20) });
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });

  it('ends a connection whose head does not come', async () => {
    const { answers } = await sendRaw({ port, bytes: 'GET / HTTP/1.1\r\nHost: loc' });
    expect(answers.map(({ status }) => status)).toEqual([408]);
    const silent = connect(port, '127.0.0.1');
    silent.on('error', () => undefined).resume();
    await until(
      () => (silent.closed ? true : undefined),
      () => 'the silent connection is open',
    );
  });

  it('logs neither a password nor a query, and warns of the first password', async () => {
    const before = gate.log.length;
    await sendRaw({
      port,
      bytes: get('/x?token=zebra-7', 'Host: localhost', `Authorization: ${basic('bob', 'letmein')}`),
    });
    const lines = gate.log.slice(before).join('\n');
    expect(lines).toMatch(/"path":"\/x","status":400/);
    expect(gate.log.join('\n')).toContain('credentials came to the plain port');
    expect(gate.log.join('\n')).not.toMatch(/zebra-7|letmein|Ym9iOmxldG1laW4/);
  });
});

describe('the plain port of a gate', () => {
  it('shares the limit on connections with https', async () => {
    const gate = await startTestGate({
      backend: 'http://127.0.0.1:1',
      config: { redirectListen: HERE },
      limits: { connections: 1 },
    });
    const held = connect(gate.port, '127.0.0.1');
    try {
      await until(
        () => (held.readyState === 'open' ? true : undefined),
        () => 'no connection',
      );
      const port = gate.gate.ports.at(-1) ?? 0;
      const { answers } = await sendRaw({ port, bytes: 'GET /ca.crt HTTP/1.1\r\nHost: localhost\r\n\r\n' });
      expect(answers).toEqual([]);
    } finally {
      held.destroy();
      await gate.close();
    }
  });

  it('sends people to publicUrl, where one is set', async () => {
    const config = { redirectListen: HERE, publicUrl: 'localhost:4443' };
    const gate = await startTestGate({ backend: 'http://127.0.0.1:1', config });
    const port = gate.gate.ports.at(-1) ?? 0;
    const { answers } = await sendRaw({ port, bytes: 'GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n' });
    expect(answers[0]?.header('location')).toBe('https://localhost:4443/a');
    await gate.close();
  });

  it('is not there unless it is asked for, and an idle one does not keep the gate from stopping', async () => {
    const without = await startTestGate({ backend: 'http://127.0.0.1:1' });
    expect(without.gate.ports).toEqual([without.port]);
    await without.close();
    const gate = await startTestGate({ backend: 'http://127.0.0.1:1', config: { redirectListen: HERE } });
    const idle = connect(gate.gate.ports.at(-1) ?? 0, '127.0.0.1');
    idle.on('error', () => undefined).resume();
    await until(
      () => (idle.readyState === 'open' ? true : undefined),
      () => 'no connection',
    );
    await gate.gate.stop();
    await until(
      () => (idle.closed ? true : undefined),
      () => 'the connection is open',
    );
    await gate.close().catch(() => undefined);
  });
});
