import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/clients.ts';
import { ENGINE_NEEDS, startEngine, type Engine, type EnginePrograms } from '../support/engine.ts';
import { PASSWORD, USER, gateDoes } from '../support/gate-process.ts';
import { writeTar } from '../support/images.ts';
import { createNamespace, type Namespace } from '../support/namespace.ts';
import { describeWith } from '../support/requires.ts';

/** A Docker engine, as it is set up. */
export interface EngineCase {
  readonly name: string;
  readonly programs: EnginePrograms;
  readonly settings?: object;
  /** What `docker info` says of the driver that keeps its images. */
  readonly store: RegExp;
  /** Before the embedded registry. Default: before docker-registry. */
  readonly isEmbedded?: boolean;
  /** Sizes of the images that go there and back. */
  readonly megabytes: readonly number[];
}

/** The driver of an engine that keeps layers by itself, without containerd. */
export const LAYERS = /Backing Filesystem|Root Dir|^\[\]/;

/** Log in, push, pull, log out, with an engine on a machine of its own. */
export function describeEngine(given: EngineCase): void {
  const { name, programs, settings = {}, store, megabytes, isEmbedded = false } = given;
  const behind = isEmbedded ? [] : ['docker-registry'];
  const needs = [programs.dockerd, programs.docker, ...behind, ...ENGINE_NEEDS];
  describeWith(needs, `${name}, on another machine`, () => {
    let namespace: Namespace;
    let stage: Stage;
    let engine: Engine;
    let address: string;

    beforeAll(async () => {
      namespace = await createNamespace();
      address = namespace.outside;
      stage = await openStage({ address, port: 443, isEmbedded });
      engine = await startEngine({ namespace, programs, settings });
    });

    afterAll(async () => {
      await engine?.close();
      await stage?.close();
      await namespace?.close();
      await rm(`/etc/docker/certs.d/${address}`, { recursive: true, force: true });
    });

    const login = (password: string): ReturnType<Engine['docker']> =>
      engine.docker(['login', '-u', USER, '--password-stdin', address], { input: password });

    /** Imports, pushes, forgets, pulls. Resolves to the digests of the layers' content, before and after. */
    async function roundTrip(megabytes: number): Promise<readonly [before: string, after: string]> {
      const tar = join(stage.folder, 'image.tar');
      const image = `${address}/team/noise:${megabytes}`;
      const layers = ['image', 'inspect', '-f', '{{.RootFS.Layers}}', image];
      await writeTar(tar, megabytes);
      await engine.must(['import', tar, image]);
      await rm(tar);
      const before = await engine.must(layers);
      await engine.must(['push', image]);
      await engine.must(['rmi', image]);
      expect(await engine.must(['images', '-q'])).toBe('');
      await engine.must(['pull', image]);
      const after = await engine.must(layers);
      await engine.must(['rmi', image]);
      return [before, after];
    }

    it('keeps its images as the case says', async () => {
      expect(await engine.must(['info', '--format', '{{.DriverStatus}}'])).toMatch(store);
    });

    it('refuses the certificate before its CA is trusted, and accepts it after', async () => {
      const before = await login(PASSWORD);
      expect(before.output).toMatch(/x509: certificate signed by unknown authority/);
      expect(before.status).not.toBe(0);
      await gateDoes(['certs', 'trust', '--for', 'docker', '--certs', stage.certs, address]);
      expect(await login(PASSWORD)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('Succeeded'),
      });
    });

    it('is refused with a wrong password', async () => {
      const ran = await login('wrong');
      expect(ran.output).toMatch(/unauthorized|401/i);
      expect(ran.status).not.toBe(0);
    });

    it.each(megabytes)('pushes and pulls %d MB', async (size) => {
      const [before, after] = await roundTrip(size);
      expect(after).toBe(before);
    });

    it('cannot push any more after it has logged out', async () => {
      const tar = join(stage.folder, 'last.tar');
      const image = `${address}/team/last:1`;
      await writeTar(tar, 1);
      await engine.must(['import', tar, image]);
      await engine.must(['logout', address]);
      const ran = await engine.docker(['push', image]);
      expect(ran.output).toMatch(/no basic auth credentials|unauthorized|authentication required/);
      expect(ran.status).not.toBe(0);
    });

    it('no longer trusts the certificate once the trust is undone', async () => {
      await gateDoes(['certs', 'trust', '--for', 'docker', '--certs', stage.certs, '--undo', address]);
      expect((await login(PASSWORD)).output).toMatch(/x509: certificate signed by unknown authority/);
    });
  });
}
