import { kill } from 'node:process';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noise, startBlobRegistry, type BlobRegistry } from '../backend/cache/cache-fixture.ts';
import { makeCerts, PASSWORD, startGate, USER, type GateProcess } from '../support/gate-process.ts';
import { temporaryFolder, until, type Folder } from '../support/programs.ts';

describe('a gate with a layer cache', () => {
  let folder: Folder;
  let registry: BlobRegistry;
  let certs: string;
  let cache: string;
  let ca: string;
  beforeAll(async () => {
    folder = await temporaryFolder('cached');
    registry = await startBlobRegistry();
    certs = join(folder.path, 'certs');
    cache = join(folder.path, 'cache');
    await makeCerts(certs, ['127.0.0.1']);
    ca = await readFile(join(certs, 'ca.crt'), 'utf8');
  });
  afterAll(async () => {
    await registry.close();
    await folder.close();
  });

  function start(...args: readonly string[]): Promise<GateProcess> {
    return startGate({ certs, backend: registry.url, args: ['--cache', cache, ...args] });
  }

  /** Over a connection of its own, so that any worker may get it. `bytes` is what came, whole or not. */
  function ask(
    gate: GateProcess,
    digest: string,
    { method = 'GET', onData = (): void => undefined } = {},
  ): Promise<{ readonly status: number; readonly bytes: Buffer; readonly whole: boolean }> {
    const authorization = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    const url = `${gate.url}/v2/team/app/blobs/${digest}`;
    return new Promise((resolve, reject) => {
      const asked = request(url, { method, ca, agent: false, headers: { authorization } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          onData();
        });
        answer.on('error', () => undefined);
        answer.on('close', () =>
          resolve({
            status: answer.statusCode ?? 0,
            bytes: Buffer.concat(chunks),
            whole: answer.complete,
          }),
        );
      });
      asked.once('error', reject).end();
    });
  }

  async function killFilling(gate: GateProcess): Promise<void> {
    await until(
      async () => ((await readdir(join(cache, 'filling'))).length === 1 ? true : undefined),
      () => 'nothing is being filled',
    );
    kill(gate.pid, 'SIGKILL');
  }

  it('that is killed in the middle leaves nothing that is wrong', async () => {
    const [stored, begun] = [noise(3_000_000), noise(3_000_000)];
    registry.put('team/app', stored);
    const first = await start();
    try {
      expect((await ask(first, stored.digest)).bytes.equals(stored.bytes)).toBe(true);
      await until(
        async () => ((await readdir(join(cache, 'sha256'))).length === 1 ? true : undefined),
        () => 'nothing is kept',
      );
      registry.takeover = (req, res) => {
        res.writeHead(200, { 'Content-Length': begun.bytes.length });
        if (req.method === 'HEAD') res.end();
        else res.write(begun.bytes.subarray(0, 1_000_000));
        return true;
      };
      // The client may have its first bytes before the cache has made a file for them.
      let killing: Promise<void> | undefined;
      const cut = await ask(first, begun.digest, { onData: () => void (killing ??= killFilling(first)) });
      await killing;
      expect(cut.whole).toBe(false);
    } finally {
      registry.takeover = () => false;
      await first.close();
    }
    expect(await readdir(join(cache, 'filling'))).toHaveLength(1);
    registry.put('team/app', begun);
    const second = await start();
    try {
      expect(await readdir(join(cache, 'filling'))).toEqual([]);
      registry.asked.length = 0;
      expect((await ask(second, stored.digest)).bytes.equals(stored.bytes)).toBe(true);
      expect((await ask(second, begun.digest)).bytes.equals(begun.bytes)).toBe(true);
      expect(registry.asked).toEqual(['HEAD team/app', 'HEAD team/app', 'GET team/app']);
    } finally {
      await second.close();
    }
  });

  it('of several workers forgets in all of them what was deleted through one', async () => {
    const blob = noise(100_000);
    registry.put('team/app', blob);
    const gate = await start('--workers', '2');
    try {
      for (let round = 0; round < 8; round += 1) {
        expect((await ask(gate, blob.digest)).bytes.equals(blob.bytes)).toBe(true);
      }
      expect((await ask(gate, blob.digest, { method: 'DELETE' })).status).toBe(202);
      await until(
        async () => ((await ask(gate, blob.digest)).status === 404 ? true : undefined),
        () => 'the blob is still there',
      );
      for (let round = 0; round < 8; round += 1) expect((await ask(gate, blob.digest)).status).toBe(404);
    } finally {
      await gate.close();
    }
  });
});
