import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { startTestGate, type TestGate, type TestGateOptions } from '../support/test-gate.ts';
import { recordingTerminal } from '../support/terminal.ts';

let open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

/** Nobody is behind it. */
async function gateWith(config: TestGateOptions['config'] = {}): Promise<TestGate> {
  const gate = await startTestGate({ backend: 'http://127.0.0.1:1', config });
  open.push(gate);
  return gate;
}

interface Told {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function health(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Told> {
  const terminal = recordingTerminal({ env });
  const exitCode = await run(['health', ...args], terminal);
  return { exitCode, out: terminal.stdout(), err: terminal.stderr() };
}

describe('M-D4: health', () => {
  it('says ok of a gate that serves', async () => {
    const { port } = await gateWith();
    expect(await health(['--listen', `127.0.0.1:${port}`])).toEqual({ exitCode: 0, out: 'ok\n', err: '' });
  });

  it.each([':PORT', '0.0.0.0:PORT', 'localhost:PORT'])('asks a gate that listens on %s', async (place) => {
    const { port } = await gateWith({ listen: [{ host: undefined, port: 0 }] });
    const env = { REGISTRY_GATE_LISTEN: place.replace('PORT', String(port)) };
    expect((await health([], env)).exitCode).toBe(0);
  });

  it('speaks the PROXY protocol where the gate expects it of this machine', async () => {
    const networks = ['127.0.0.1'];
    const { port, log } = await gateWith({ frontProxies: { networks, protocol: 'proxy-protocol' } });
    const listen = ['--listen', `127.0.0.1:${port}`];
    const env = {
      REGISTRY_GATE_FRONT_PROXIES_NETWORKS: '127.0.0.1',
      REGISTRY_GATE_FRONT_PROXIES_PROTOCOL: 'proxy-protocol',
    };
    expect((await health(listen, env)).exitCode).toBe(0);
    expect(log.filter((line) => line.includes('frontProxies.protocol'))).toEqual([]);
    expect(await health(listen)).toMatchObject({ exitCode: 1 });
  });

  it('speaks none to a gate that expects it of others', async () => {
    const networks = ['192.0.2.1'];
    const { port } = await gateWith({ frontProxies: { networks, protocol: 'proxy-protocol' } });
    const env = {
      REGISTRY_GATE_FRONT_PROXIES_NETWORKS: '192.0.2.1',
      REGISTRY_GATE_FRONT_PROXIES_PROTOCOL: 'proxy-protocol',
    };
    expect((await health(['--listen', `127.0.0.1:${port}`], env)).exitCode).toBe(0);
  });

  it('with --ready fails where the registry does not answer, and says so', async () => {
    const { port } = await gateWith();
    const told = await health(['--ready', '--listen', `127.0.0.1:${port}`]);
    expect(told).toMatchObject({ exitCode: 1, out: '' });
    expect(told.err).toMatch(/GATE_UNREADY.*The gate answers 503: .*/);
  });

  it('fails where nobody listens, and where somebody else does', async () => {
    const other = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('hello\n'),
    );
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const listen = ['--listen', `127.0.0.1:${port}`];
    expect((await health(listen)).err).toContain('GATE_UNREACHABLE');
    await new Promise((resolve) => other.close(resolve));
    const told = await health(listen);
    expect(told.exitCode).toBe(1);
    expect(told.err).toContain(`No gate answers at 127.0.0.1:${port} (ECONNREFUSED)`);
  });

  it.each(['fd:3', '127.0.0.1:0'])('names what is missing where the gate listens on %s', async (place) => {
    const told = await health(['--listen', place]);
    expect(told.exitCode).toBe(1);
    expect(told.err).toContain('health --listen HOST:PORT');
  });
});
