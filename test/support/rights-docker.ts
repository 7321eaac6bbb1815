import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { writeTar } from './images.ts';
import { inTurn, password, signIn, there } from './rights-desk.ts';
import type { Desk, Skills } from './rights-desk.ts';
import type { Ran } from './programs.ts';

/** An image of the engine's own, to be pushed under other names. */
const LOCAL = 'local/noise:1';

/** Docker at a desk. */
export function dockerAt(engine: Engine, { folder }: Desk, ...args: readonly string[]): Promise<Ran> {
  return engine.docker(args, { env: { DOCKER_CONFIG: folder } });
}

/** `docker login`, which writes into the folder that is given. */
export function dockerLogin(engine: Engine, desk: Desk, folder: string): Promise<Ran> {
  const options = { input: password(desk), env: { DOCKER_CONFIG: folder } };
  return engine.docker(['login', ...signIn(desk), desk.stage.name], options);
}

/** What an engine can do; it has one image, `LOCAL`, before and after. */
export async function dockerSkills(engine: Engine): Promise<Skills> {
  const tar = join(engine.folder, 'image.tar');
  await writeTar(tar, 1);
  await engine.must(['import', tar, LOCAL]);
  await rm(tar);
  return {
    login: (desk) => dockerLogin(engine, desk, desk.fresh),
    pull: (desk, target) =>
      inTurn([
        () => dockerAt(engine, desk, 'pull', there(desk, target)),
        () => dockerAt(engine, desk, 'rmi', there(desk, target)),
      ]),
    push: async (desk, target) => {
      const name = there(desk, target);
      await engine.must(['tag', LOCAL, name]);
      const ran = await dockerAt(engine, desk, 'push', name);
      await engine.must(['rmi', name]);
      return ran;
    },
    remove: 'it removes local images alone',
    catalog: 'its search asks for /v1/search, which no registry has',
  };
}
