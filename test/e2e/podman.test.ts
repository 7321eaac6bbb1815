import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/clients.ts';
import { PASSWORD, USER } from '../support/gate-process.ts';
import { writeImage, type Image } from '../support/images.ts';
import { run, type Ran } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

describe.each([
  { name: 'docker-registry', needs: ['docker-registry'], isEmbedded: false },
  { name: 'the embedded registry', needs: [], isEmbedded: true },
])('before $name', ({ needs, isEmbedded }) => {
  describeWith(['podman', ...needs], 'podman', () => {
    let stage: Stage;
    let image: Image;
    let name: string;

    beforeAll(async () => {
      stage = await openStage({ isEmbedded });
      image = await writeImage(join(stage.folder, 'image'), isEmbedded ? 2 : 20);
      name = `${stage.gate.name}/team/app:1`;
    });
    afterAll(() => stage.close());

    /** Podman with a store of its own, which needs neither a mount nor a service. */
    const podman = (args: readonly string[], input = ''): Promise<Ran> => {
      const store = ['--storage-driver', 'vfs', '--root', join(stage.folder, 'root')];
      const state = ['--runroot', join(stage.folder, 'run'), '--cgroup-manager', 'cgroupfs'];
      const env = { REGISTRY_AUTH_FILE: join(stage.folder, 'auth.json') };
      return run('podman', [...store, ...state, ...args], { input, env });
    };
    const mustPodman = async (args: readonly string[]): Promise<void> => {
      const ran = await podman(args);
      if (ran.status !== 0) throw new Error(`podman ${args.join(' ')}: ${ran.output}`);
    };
    const login = (password: string): Promise<Ran> => {
      const who = ['--cert-dir', stage.trustFolder, '--username', USER, '--password-stdin'];
      return podman(['login', ...who, stage.gate.name], password);
    };
    const idOf = async (): Promise<string> =>
      (await podman(['images', '--quiet', '--no-trunc'])).stdout.trim();

    it('refuses the certificate of a CA that it does not know', async () => {
      const ran = await podman(['login', '-u', USER, '--password-stdin', stage.gate.name], PASSWORD);
      expect(ran.output).toContain('certificate signed by unknown authority');
      expect(ran.status).not.toBe(0);
    });

    it('is refused with a wrong password', async () => {
      const ran = await login('wrong');
      expect(ran.output).toMatch(/invalid username\/password|unauthorized/);
      expect(ran.status).not.toBe(0);
    });

    it('logs in, pushes an image and pulls the same', async () => {
      const trust = ['--cert-dir', stage.trustFolder];
      expect((await login(PASSWORD)).output).toContain('Login Succeeded');
      await mustPodman(['pull', '--quiet', `oci:${image.layout}:1`]);
      const before = await idOf();
      expect(before).toMatch(/^sha256:[0-9a-f]{64}$/);
      await mustPodman(['push', ...trust, before, `docker://${name}`]);
      await mustPodman(['rmi', '--all', '--force']);
      expect(await idOf()).toBe('');
      await mustPodman(['pull', ...trust, name]);
      expect(await idOf()).toBe(before);
    });

    it('cannot push any more after it has logged out', async () => {
      await mustPodman(['logout', stage.gate.name]);
      const other = name.replace('app', 'other');
      const ran = await podman(['push', '--cert-dir', stage.trustFolder, await idOf(), `docker://${other}`]);
      expect(ran.output).toMatch(/unauthorized|authentication required|invalid username/);
      expect(ran.status).not.toBe(0);
    });
  });
});
