import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { writeTar } from './images.ts';
import { concurrentForEach, password, signIn, there } from './rights-client-session.ts';
import type { ClientSession, ClientActions } from './rights-client-session.ts';
import type { Ran } from './programs.ts';

/** An image of the engine's own, to be pushed under other names. */
const LOCAL = 'local/noise:1';

/** Docker as a client. */
export function dockerAt(
  engine: Engine,
  { folder }: ClientSession,
  ...args: readonly string[]
): Promise<Ran> {
  return engine.docker(args, { env: { DOCKER_CONFIG: folder } });
}

/** `docker login`, which writes into the folder that is given. */
export function dockerLogin(engine: Engine, topicHandlers: ClientSession, folder: string): Promise<Ran> {
  const options = { input: password(topicHandlers), env: { DOCKER_CONFIG: folder } };
  return engine.docker(['login', ...signIn(topicHandlers), topicHandlers.fixture.name], options);
}

/** What an engine can do; it has one image, `LOCAL`, before and after. */
export async function dockerSkills(engine: Engine): Promise<ClientActions> {
  const tar = join(engine.folder, 'image.tar');
  await writeTar(tar, 1);
  await engine.must(['import', tar, LOCAL]);
  await rm(tar);
  return {
    login: (topicHandlers) => dockerLogin(engine, topicHandlers, topicHandlers.fresh),
    pull: (topicHandlers, target) =>
      concurrentForEach([
        () => dockerAt(engine, topicHandlers, 'pull', there(topicHandlers, target)),
        () => dockerAt(engine, topicHandlers, 'rmi', there(topicHandlers, target)),
      ]),
    push: async (topicHandlers, target) => {
      const name = there(topicHandlers, target);
      await engine.must(['tag', LOCAL, name]);
      const ran = await dockerAt(engine, topicHandlers, 'push', name);
      await engine.must(['rmi', name]);
      return ran;
    },
    remove: 'it removes local images alone',
    catalog: 'its search asks for /v1/search, which no registry has',
  };
}
