import type { RequestContext } from '../http/context.ts';
import { answerProblem } from '../http/answer.ts';
import type { Logger } from '../lib/logger.ts';
import type { Bandwidth } from '../limits/bandwidth.ts';
import type { Limiter } from '../limits/concurrency-limiter.ts';
import type { Tracing } from '../observe/tracing/tracing.ts';
import { createProblem } from '../oci/problem.ts';
import { authenticate } from './authenticate.ts';
import type { AuthenticateOptions } from './authenticate.ts';
import { authorize } from './authorize.ts';
import type { AuthorizeOptions } from './authorize.ts';
import { classify } from './classify.ts';
import { dispatch } from './dispatch.ts';
import type { DispatchOptions } from './dispatch.ts';
import { filterCatalog } from './filter-catalog.ts';
import type { FilterCatalogOptions } from './filter-catalog.ts';
import { limitTransfers, paceTransfers, traceRequests } from './forward-steps.ts';
import { sealUploads } from './seal-uploads.ts';
import type { SealUploadsOptions } from './seal-uploads.ts';
import { joinSteps, runStages } from './stage.ts';
import type { Forward, ForwardStep } from './stage.ts';

export interface PipelineOptions
  extends
    AuthenticateOptions,
    AuthorizeOptions,
    SealUploadsOptions,
    FilterCatalogOptions,
    Omit<DispatchOptions, 'forward'>,
    ForwardOptions {
  readonly logger: Logger;
}

/** The steps between the pipeline and the registry, first to last. A step that the configuration does not ask for is undefined. */
interface ForwardOptions {
  /** Permits for transfers. */
  readonly limiter?: Limiter | undefined;
  readonly bandwidth?: Bandwidth | undefined;
  readonly tracing?: Tracing | undefined;
  /** Adds the credentials that the registry asks of the gate. */
  readonly sign?: ForwardStep | undefined;
  /** Adds the registry's path prefix and its Host. */
  readonly address?: ForwardStep | undefined;
  /** Answers from the layer cache. */
  readonly cache?: ForwardStep | undefined;
  /** Proxies to the registry behind the gate, or serves from the embedded one. */
  readonly forward: Forward;
}

/**
 * The way of a request to the registry, as two lists. Each stage of the first list answers the request or lets it go on;
 * `dispatch`, the last one, makes a job of it and gives that to the first step of the second list, which ends at the
 * registry.
 */
export function createPipeline(options: PipelineOptions): (context: RequestContext) => void {
  const stages = [
    classify(), // parses method and target: what is asked
    authenticate(options), // verifies the credentials: who asks
    authorize(options), // applies the policy: whether they may
    sealUploads(options), // opens the name of an upload session, for its owner alone
    filterCatalog(options), // answers _catalog with the visible names
    dispatch({ ...options, forward: createForward(options) }),
  ];
  return runStages(stages, (error, context) => answerFailure(error, context, options.logger));
}

function createForward({ limiter, bandwidth, tracing, ...options }: ForwardOptions): Forward {
  const steps = [
    limiter && limitTransfers(limiter), // waits for a permit
    bandwidth && paceTransfers(bandwidth), // waits for the first bytes' turn
    tracing && traceRequests(tracing),
    options.sign,
    options.address,
    options.cache,
  ];
  return joinSteps(steps, options.forward);
}

/** Answers a request that failed unexpectedly, or cuts its connection where an answer has begun. */
export function answerFailure(error: unknown, { id, req, res }: RequestContext, logger: Logger): void {
  logger.error({ id, error: error instanceof Error ? error.stack : 'not an error' }, 'unexpected failure');
  if (res.headersSent) res.destroy();
  else
    answerProblem(req, res, createProblem('UNKNOWN', 'Something went wrong in the gate.', { close: true }));
}
