import { join } from 'node:path';
import type { UserFolders } from '../trust/certs-directories.ts';
import { findInAuthFile } from './auth-file.ts';
import type { Credential, FindCredential } from './credential.ts';

/** A helper may take a second for each. */
const MOST_KNOWN = 1000;

interface FinderOptions extends UserFolders {
  /** Looked into alone. */
  readonly authFile?: string | undefined;
  /** Ends the helpers that are asked. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds what `podman login` and `docker login` have stored, in the order of containers-auth.json(5). Each answer is
 * remembered.
 */
export function createCredentialFinder({ authFile, signal, ...folders }: FinderOptions): FindCredential {
  const files = authFile === undefined ? authFiles(folders) : [authFile];
  const known = new Map<string, Promise<Credential | undefined>>();
  const find = async (registry: string, repository: string): Promise<Credential | undefined> => {
    for (const file of files) {
      const found = await findInAuthFile(file, { registry, repository, env: folders.env, signal });
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return (registry, repository) => {
    const key = `${registry}/${repository}`;
    const answer = known.get(key) ?? find(registry, repository);
    if (known.size < MOST_KNOWN) known.set(key, answer);
    return answer;
  };
}

function authFiles({ home, env }: UserFolders): readonly string[] {
  const config = env['XDG_CONFIG_HOME'] ?? join(home, '.config');
  const runtime = env['XDG_RUNTIME_DIR'];
  const docker = env['DOCKER_CONFIG'] ?? join(home, '.docker');
  const given = env['REGISTRY_AUTH_FILE'] ?? '';
  if (given !== '') return [given];
  return [
    ...(runtime === undefined ? [] : [join(runtime, 'containers/auth.json')]),
    join(config, 'containers/auth.json'),
    join(docker, 'config.json'),
  ];
}
