import { createServer, type AddressInfo } from 'node:net';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors.ts';
import { startTestGate, type TestGate } from '../../support/test-gate.ts';

let keeper: TestGate;
beforeAll(async () => {
  keeper = await startTestGate({ backend: 'http://127.0.0.1:1' });
});
afterAll(() => keeper.close());

function listening(
  ...listen: readonly { readonly host: string | undefined; readonly port: number }[]
): Promise<TestGate> {
  return startTestGate({ backend: 'http://127.0.0.1:1', config: { listen } });
}

async function failure(host: string | undefined, port: number): Promise<AppError> {
  const started = await listening({ host: '127.0.0.1', port: 0 }, { host, port }).then(
    async (gate) => {
      await gate.close();
      return undefined;
    },
    (error: unknown) => error,
  );
  if (started instanceof AppError) return started;
  throw new Error(`not an AppError: ${String(started)}`);
}

function healthOf(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port,
      path: '/healthz',
      ca: keeper.ca,
      servername: 'localhost',
      agent: false,
    } as const;
    request(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('listening', () => {
  it('on two addresses at once, of both kinds', async () => {
    const gate = await listening({ host: '127.0.0.1', port: 0 }, { host: '::1', port: 0 });
    const [one, two] = gate.gate.addresses;
    expect(await healthOf('127.0.0.1', one?.port ?? 0)).toBe(200);
    expect(await healthOf('::1', two?.port ?? 0)).toBe(200);
    await gate.close();
    await expect(healthOf('127.0.0.1', one?.port ?? 0)).rejects.toThrow('ECONNREFUSED');
    await expect(healthOf('::1', two?.port ?? 0)).rejects.toThrow('ECONNREFUSED');
  });

  it('on every address, where none is named', async () => {
    const gate = await listening({ host: undefined, port: 0 });
    expect(await healthOf('127.0.0.1', gate.port)).toBe(200);
    await gate.close();
  });

  it('M-D13: on the wildcards of IPv4 and IPv6 with one port, as nginx does', async () => {
    const free = createServer().listen(0);
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const gate = await listening({ host: '0.0.0.0', port }, { host: '::', port });
    expect(await healthOf('127.0.0.1', port)).toBe(200);
    expect(await healthOf('::1', port)).toBe(200);
    await gate.close();
  });

  it('where another program listens: tells how to find it, and leaves nothing open', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const error = await failure('127.0.0.1', port);
    expect(error).toMatchObject({ code: 'LISTEN_FAILED' });
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.hint).toContain(`ss -ltnp 'sport = :${port}'`);
    await new Promise((resolve) => other.close(resolve));
  });

  it('on an address that the machine has not', async () => {
    const error = await failure('192.0.2.1', 0);
    expect(error).toMatchObject({ code: 'LISTEN_FAILED' });
    expect(error.hint).toContain('--listen :0');
  });
});
