import type { Config } from '../../config/schema/schema.ts';
import { createBackend } from '../../backend/client/backend.ts';
import type { Failure } from '../../backend/client/failure.ts';
import { lookAt } from '../../backend/probe/probe.ts';
import type { Access } from '../../oci/request/scope.ts';
import { openBackendCredentials } from './backend-credentials.ts';
import { backendOptions } from './registry-backend.ts';

const TIMEOUT_MS = 10_000;
const NOTHING: readonly Access[] = [];

/** How the registry at `--backend` answers. */
interface BackendFinding {
  /** The value of `--backend`. */
  readonly url: string;
  /** Undefined where a registry answers and accepts the gate. */
  readonly failure: Failure | undefined;
}

/**
 * Asks the registry as a gate with this configuration would. Undefined for the embedded registry. Throws AppError where
 * certificates cannot be read.
 */
export async function inspectBackend(config: Config): Promise<BackendFinding | undefined> {
  if (config.backend.kind === 'embedded') return undefined;
  const now = (): number => performance.now();
  const backend = createBackend(await backendOptions(config), now);
  const credentials = await openBackendCredentials(config, backend, now);
  const authorization = credentials && (() => credentials.authorization('', NOTHING));
  try {
    const failure = await lookAt({ backend, timeoutMs: TIMEOUT_MS, authorization });
    return { url: backend.url, failure };
  } finally {
    credentials?.close();
    backend.close();
  }
}
