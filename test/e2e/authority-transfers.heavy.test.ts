import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { X509Certificate } from 'node:crypto';
import { must, run, temporaryFolder, until } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { startTargetGate } from '../support/target-gate.ts';
import { TEST_PASSWORD, TEST_USER } from '../support/test-gate.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const BYTES = 2 ** 30;
/** Slow enough for every act to fall into the transfers. */
const RATE = '16M';

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

/** The serial number of the certificate that a new connection gets. */
function servedSerial(port: number): Promise<string> {
  return new Promise((found, fail) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      found(socket.getPeerX509Certificate()?.serialNumber ?? '');
      socket.destroy();
    }).once('error', fail);
  });
}

describeWith(['curl'], 'a push and a pull of 1 GiB while the CA is replaced', () => {
  it('loses no byte, over renewal, revocation and every step of the rollover', async () => {
    const folder = await temporaryFolder('transfers');
    const gate = await startTargetGate({ backend: `embedded:${join(folder.path, 'data')}` });
    try {
      const [layer, pulled, old] = ['layer', 'pulled', 'old.crt'].map((name) => join(folder.path, name));
      if (layer === undefined || pulled === undefined || old === undefined) throw new Error('no names');
      await must('sh', ['-c', `head -c ${BYTES} /dev/urandom > ${layer}`]);
      await copyFile(join(gate.certs, 'ca.crt'), old);
      const digest = await digestOf(layer);
      const origin = `https://127.0.0.1:${gate.port}`;
      const curl = ['-sS', '--fail-with-body', '--cacert', old, '-u', `${TEST_USER}:${TEST_PASSWORD}`];

      const begin = async (repository: string): Promise<string> => {
        const head = await must('curl', [
          ...curl,
          '-D',
          '-',
          '-X',
          'POST',
          `${origin}/v2/${repository}/blobs/uploads/`,
        ]);
        const location = /^location: *(\S+)/im.exec(head)?.[1] ?? '';
        return new URL(`${location}${location.includes('?') ? '&' : '?'}digest=${digest}`, origin).href;
      };
      const push = async (repository: string, ...more: readonly string[]): Promise<number> =>
        (await run('curl', [...curl, ...more, '-T', layer, await begin(repository)])).status;
      expect(await push('first')).toBe(0);

      const ended: string[] = [];
      const pushing = push('second', '--limit-rate', RATE).finally(() => ended.push('push'));
      const blob = `${origin}/v2/first/blobs/${digest}`;
      const pulling = run('curl', [...curl, '--limit-rate', RATE, '-o', pulled, blob]).finally(() =>
        ended.push('pull'),
      );

      const act = async (...args: readonly string[]): Promise<void> => {
        await must(process.execPath, [MAIN, 'certs', ...args, '--certs', gate.certs]);
        const { serialNumber } = new X509Certificate(await readFile(join(gate.certs, 'domain.crt')));
        await until(
          async () => ((await servedSerial(gate.port)) === serialNumber ? true : undefined),
          () => `certs ${args.join(' ')}: the new certificate is not served`,
        );
      };
      await act('renew', '--force');
      await act('rollover', 'start');
      await act('rollover', 'switch');
      // Who trusts only the old CA goes on.
      expect((await run('curl', [...curl, `${origin}/v2/`])).status).toBe(0);
      await act('revoke', join(gate.certs, 'domain.crt'), '--reason', 'superseded');
      await act('rollover', 'retire');
      await until(
        async () => ((await run('curl', [...curl, `${origin}/v2/`])).status === 0 ? undefined : true),
        () => 'who trusts only the old CA still gets in',
      );
      expect(ended).toEqual([]);

      expect([await pushing, (await pulling).status]).toEqual([0, 0]);
      expect(await digestOf(pulled)).toBe(digest);
      const now = [...curl.slice(0, 3), join(gate.certs, 'ca.crt'), ...curl.slice(4)];
      const head = await must('curl', [...now, '-I', `${origin}/v2/second/blobs/${digest}`]);
      expect(head).toMatch(new RegExp(`content-length: ${BYTES}\\b`, 'i'));
    } finally {
      await gate.close();
      await folder.close();
    }
  });
});
