import type { FindCredential } from '../credentials/credential.ts';
import type { Registry } from '../store.ts';
import { listRepositories } from './lists/names.ts';
import { openRepository } from './repository.ts';
import { askAgain } from './session/ask-again.ts';
import { checkSignIn } from './session/check-sign-in.ts';
import { createPauses, type PauseOptions, type Pauses } from './session/pauses.ts';
import { createSession, endingBy } from './session/session.ts';
import { createSignIn } from './sign-in/sign-in.ts';
import type { Trust } from '../trust/trust.ts';
import type { Answer } from './wire/answer.ts';
import { createWire, type Wire, type WireRequest, type WireTimes } from './wire/wire.ts';

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
  readonly pauses?: Omit<PauseOptions, 'signal'>;
  readonly times?: Partial<WireTimes>;
  /** Ends every request and every pause at once, with its reason. Only the uploads under way are still given up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a registry: ours, or any other. Nothing is asked yet.
 *
 *     const registry = openRegistry({ name: 'registry.lan' });
 *     const manifest = await registry.repository('team/app').readManifest('1.0');
 */
export function openRegistry(options: RegistryOptions): Registry {
  const { name, isPlain = false, credential = async () => undefined, times = {}, signal } = options;
  const { socketPath } = options;
  const trust = options.trust ?? (async () => ({ authorities: [] }));
  const wire = createWire({ registry: name, isPlain, socketPath, trust, times, signal });
  const pauses = createPauses({ ...options.pauses, signal });
  const signIn = createSignIn({
    registry: name,
    origin: wire.origin,
    send: (request) => sendAgain(wire, pauses, request),
    isPlain,
    credential: (repository) => credential(name, repository),
    now: () => performance.now(),
  });
  const session = createSession({ registry: name, wire, signIn, pauses, signal });
  return {
    name,
    repository: (repository, own) =>
      openRepository(own === undefined ? session : endingBy(session, own), repository),
    listRepositories: () => listRepositories(session),
    signIn: () => checkSignIn(session),
    close: () => wire.close(),
  };
}

/** Asks a token service as patiently as the registry. What breaks its connection fails the request, which is tried again. */
function sendAgain(wire: Wire, pauses: Pauses, request: WireRequest): Promise<Answer> {
  return askAgain(() => wire.send(request), { pauses, isPassing: () => false, signal: request.signal });
}
