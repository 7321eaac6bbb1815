import { mkdir, copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/clients.ts';
import { ENGINE_NEEDS, NEWER_ENGINE, startEngine, SYSTEM_ENGINE, type Engine } from '../support/engine.ts';
import { gateCommand, PASSWORD, USER } from '../support/gate-process.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import { must, run } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const UNKNOWN = /x509: certificate signed by unknown authority/;

/** The command below the line of a check. */
function cureOf(output: string, check: string): string {
  const lines = output.split('\n');
  return lines[lines.findIndex((line) => line.startsWith(`✗ ${check}: `)) + 1]?.trim() ?? '';
}

describe.each([
  { name: 'the engine of the distribution', programs: SYSTEM_ENGINE },
  { name: 'the newer engine', programs: NEWER_ENGINE },
])('doctor, for $name', ({ programs }) => {
  describeWith([programs.dockerd, programs.docker, ...ENGINE_NEEDS], 'on another machine', () => {
    let namespace: Namespace;
    let stage: Stage;
    let engine: Engine;
    let folder: string;
    let address: string;

    beforeAll(async () => {
      namespace = await createNamespace();
      address = namespace.outside;
      folder = `/etc/docker/certs.d/${address}`;
      stage = await openStage({ address, port: 443, isEmbedded: true });
      engine = await startEngine({ namespace, programs });
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));
    afterAll(async () => {
      await engine?.close();
      await stage?.close();
      await namespace?.close();
    });

    const login = (): ReturnType<Engine['docker']> =>
      engine.docker(['login', '-u', USER, '--password-stdin', address], { input: PASSWORD });
    const doctor = () => gateCommand(['doctor', address, '--client', 'docker'], { cwd: stage.trustFolder });

    it.each([
      ['has nothing', async () => undefined, UNKNOWN],
      [
        'has the CA as ca.pem',
        async () => {
          await mkdir(folder, { recursive: true });
          await copyFile(stage.caFile, join(folder, 'ca.pem'));
        },
        UNKNOWN,
      ],
      [
        'has the CA as ca.cert',
        async () => {
          await mkdir(folder, { recursive: true });
          await copyFile(stage.caFile, join(folder, 'ca.cert'));
        },
        /missing key ca\.key for client certificate ca\.cert/i,
      ],
      [
        'has the key of the CA beside it',
        async () => {
          await mkdir(folder, { recursive: true });
          await copyFile(stage.caFile, join(folder, 'ca.crt'));
          await copyFile(join(stage.certs, 'ca.key'), join(folder, 'ca.key'));
        },
        /missing client certificate ca\.cert for key ca\.key/i,
      ],
    ])('cures a folder that %s', async (_name, given, says) => {
      await given();
      const before = await login();
      expect(before.output).toMatch(says);
      const found = await doctor();
      expect(found.status).toBe(1);
      const cure = cureOf(found.stdout, 'trust of docker');
      await must('sh', ['-c', cure]);
      expect(await login()).toMatchObject({ status: 0, stdout: expect.stringContaining('Succeeded') });
      const after = await doctor();
      expect(after.stdout).toContain(`✓ trust of docker: its CA is in ${folder}/ca.crt`);
    });

    it('is told of by the log of the gate, once', async () => {
      for (let time = 0; time < 2; time += 1) expect((await login()).output).toMatch(UNKNOWN);
      await run('curl', ['-sk', `https://${address}/healthz`]);
      expect(stage.gate.log.filter((line) => line.includes('registry-gate doctor'))).toHaveLength(1);
    });
  });
});
