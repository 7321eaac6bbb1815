import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { authorityFingerprint } from '../../../src/pki/x509/certificate-file.ts';
import { parseEndpoint } from '../../../src/pki/x509/subject-names.ts';
import type { TrustClient } from '../../../src/pki/trust/clients.ts';
import { planTrust } from '../../../src/pki/trust/plan.ts';
import { TRUST_SCRIPT } from '../../../src/pki/trust/trust-script.ts';
import { describeWith } from '../../support/requires.ts';
import { rootMachine } from './machines.ts';
import { startTestGate, type TestGate } from '../../support/test-gate.ts';

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describeWith(['sh', 'curl', 'openssl'], '/trust.sh', () => {
  let gate: TestGate;
  let folder = '';
  let fingerprint = '';
  let place = '';

  beforeAll(async () => {
    gate = await startTestGate({ backend: 'http://127.0.0.1:1' });
    folder = await mkdtemp(join(tmpdir(), 'trust-script-'));
    place = `127.0.0.1:${gate.port}`;
    fingerprint = new X509Certificate(gate.ca).fingerprint256;
    await writeFile(join(folder, 'trust.sh'), await fetched('/trust.sh'));
  });

  afterAll(async () => {
    await gate.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Over a connection that is verified with the CA, as the README does it. */
  async function fetched(path: string): Promise<string> {
    await writeFile(join(folder, 'ca.crt'), gate.ca);
    const { out } = await run('curl', [
      '-fsS',
      '--cacert',
      join(folder, 'ca.crt'),
      `https://${place}${path}`,
    ]);
    return out;
  }

  function run(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Run> {
    return new Promise((resolve) => {
      execFile(
        program,
        [...args],
        { env: { PATH: process.env['PATH'] ?? '', ...env } },
        (error, out, err) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
        },
      );
    });
  }

  async function trust(root: string, ...args: readonly string[]): Promise<Run> {
    return run('sh', [join(folder, 'trust.sh'), ...args], { DESTDIR: root });
  }

  /** What `certs trust` would write, below another root. */
  function planned(client: TrustClient, root: string): ReadonlyMap<string, string> {
    const endpoint = parseEndpoint(place);
    if (!('name' in endpoint)) throw new Error(place);
    const { steps } = planTrust({
      client,
      endpoint,
      authority: gate.ca,
      machine: rootMachine(),
    });
    return new Map(
      steps.flatMap((step) => (step.action === 'write' ? [[join(root, step.path), step.content]] : [])),
    );
  }

  it('is served to everybody, the same for every Host', async () => {
    expect(await fetched('/trust.sh')).toBe(TRUST_SCRIPT);
  });

  it.each((['docker', 'podman', 'containerd', 'system'] as const).map((client) => ({ client })))(
    'writes for $client what certs trust writes',
    async ({ client }) => {
      const root = await mkdtemp(join(folder, 'root-'));
      const { code, err } = await trust(root, client, place, fingerprint);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      const files = planned(client, root);
      expect(files.size).toBeGreaterThan(0);
      for (const [path, content] of files) expect((await readFile(path, 'utf8')).trim()).toBe(content.trim());
    },
  );

  it('takes the fingerprint with and without colons, in either case', async () => {
    const root = await mkdtemp(join(folder, 'root-'));
    expect((await trust(root, 'docker', place, authorityFingerprint(gate.ca))).code).toBe(0);
  });

  it.each([
    {
      name: 'another fingerprint',
      args: (): string[] => ['docker', place, '0'.repeat(64)],
      says: /another CA/,
    },
    { name: 'a short fingerprint', args: (): string[] => ['docker', place, 'abcd'], says: /64 hexadecimal/ },
    { name: 'no fingerprint', args: (): string[] => ['docker', place], says: /usage/ },
    { name: 'another client', args: (): string[] => ['rkt', place, fingerprint], says: /not one of docker/ },
    { name: 'a path for a host', args: (): string[] => ['docker', '../x', fingerprint], says: /not HOST/ },
    {
      name: 'a command for a host',
      args: (): string[] => ['docker', '$(id)', fingerprint],
      says: /not HOST/,
    },
    {
      name: 'a closed port',
      args: (): string[] => ['docker', '127.0.0.1:1', fingerprint],
      says: /could not be fetched/,
    },
  ])('installs nothing for $name', async ({ args, says }) => {
    const root = await mkdtemp(join(folder, 'root-'));
    const { code, err } = await trust(root, ...args());
    expect(code).not.toBe(0);
    expect(err).toMatch(says);
    expect(await readdir(root)).toEqual([]);
  });
});
