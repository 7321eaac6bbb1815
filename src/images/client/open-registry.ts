import type { FindCredential } from '../credentials/credential.ts';
import type { Registry } from '../store.ts';
import { listRepositories } from './lists/names.ts';
import { openRepository } from './repository.ts';
import { createPauses, type PauseOptions } from './session/pauses.ts';
import { createSession } from './session/session.ts';
import { createSignIn } from './sign-in/sign-in.ts';
import type { Trust } from '../trust/trust.ts';
import { createWire, type WireTimes } from './wire/wire.ts';

export interface RegistryOptions {
  /** Host, and port if there is one: `registry.lan`, `127.0.0.1:5000`, `docker.io`. */
  readonly name: string;
  /** Whether it is spoken to without TLS. Passwords then go over the wire as they are. */
  readonly isPlain?: boolean;
  /** Where it listens on this machine, in place of the address of `name`: the path of a unix socket. */
  readonly socketPath?: string;
  /** Asked when the registry wants a sign-in. Default: nobody. */
  readonly credential?: FindCredential;
  /** Asked before the first connection with TLS. Default: the CAs of the system and of Node.js. */
  readonly trust?: () => Promise<Trust>;
  readonly pauses?: PauseOptions;
  readonly times?: Partial<WireTimes>;
}

/**
 * Opens a registry: ours, or any other. Nothing is asked yet.
 *
 *     const registry = openRegistry({ name: 'registry.lan' });
 *     const manifest = await registry.repository('team/app').readManifest('1.0');
 */
export function openRegistry(options: RegistryOptions): Registry {
  const { name, isPlain = false, credential = async () => undefined, pauses, times = {} } = options;
  const { socketPath } = options;
  const trust = options.trust ?? (async () => ({ authorities: [] }));
  const wire = createWire({ registry: name, isPlain, socketPath, trust, times });
  const signIn = createSignIn({
    registry: name,
    wire,
    isPlain,
    credential: (repository) => credential(name, repository),
    now: () => performance.now(),
  });
  const session = createSession({ registry: name, wire, signIn, pauses: createPauses(pauses) });
  return {
    name,
    repository: (repository) => openRepository(session, repository),
    listRepositories: () => listRepositories(session),
    close: () => wire.close(),
  };
}
