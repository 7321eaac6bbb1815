import { systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Backend } from './backend.ts';
import type { Failure } from './failure.ts';

/** Logs why the registry did not answer the request of this id. */
export type ReportFailure = (id: string, failure: Failure, error?: Error) => void;

/** Every line names the registry as `--backend` does, and what to look at. Credentials are never part of that URL. */
export function reportFailures({ url }: Pick<Backend, 'url'>, logger: Logger): ReportFailure {
  return (id, { reason, cure }, error) => {
    const code = error === undefined ? {} : { error: systemCode(error) ?? error.name };
    logger.warn({ id, backend: url, ...code, reason, cure }, 'the backend failed');
  };
}
