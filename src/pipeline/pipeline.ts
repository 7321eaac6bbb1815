import { randomBytes } from 'node:crypto';
import { accountOf, chargedOf } from '../auth/principal.ts';
import type { RequestContext } from '../http/context.ts';
import { answerProblem } from '../http/answer.ts';
import type { Logger } from '../lib/logger.ts';
import type { Bandwidth } from '../limits/bandwidth.ts';
import type { Limiter } from '../limits/concurrency-limiter.ts';
import type { Tracing } from '../observe/tracing/tracing.ts';
import { createProblem, type Problem } from '../oci/problem.ts';
import { bodyLength, bodyLimit, judgeBody, type BodyHead, type BodyLimits } from '../oci/request/body.ts';
import { parseRegistryRequest } from '../oci/request/parse.ts';
import type { RouteKind } from '../oci/request/route.ts';
import { createUploadSeal, withUpload } from '../oci/request/sealed-upload.ts';
import { authenticate, authorize, type AuthenticateOptions, type AuthorizeOptions } from './access-stages.ts';
import { filterCatalog, type FilterCatalogOptions } from './filter-catalog.ts';
import { limitTransfers, paceTransfers, traceRequests } from './forward-steps.ts';
import type { Forward, ForwardStep, Stage } from './stage.ts';

export interface PipelineOptions
  extends AuthenticateOptions, AuthorizeOptions, FilterCatalogOptions, ForwardOptions {
  /** The key that seals the names of upload sessions, 32 bytes. Default: one of this process. */
  readonly uploadKey?: Buffer;
  /** The largest bodies of requests. */
  readonly body: BodyLimits;
  /** Monotonic milliseconds. */
  readonly now: () => number;
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
    only('catalog', filterCatalog(options)), // answers _catalog with the visible names
    dispatch(createForward(options), options), // hands the request over to the steps
  ];
  return runStages(stages, (error, context) => answerFailure(error, context, options.logger));
}

/** Skips a stage unless the request is for this kind of route. */
function only(kind: RouteKind, stage: Stage): Stage {
  return (context) => (context.request?.route.kind === kind ? stage(context) : true);
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

/**
 * Parses method and target. Leaves a RegistryRequest in the context, or a problem, which is answered after authorization:
 * an anonymous client learns nothing about paths, methods or names.
 */
function classify(): Stage {
  return function classify(context) {
    const outcome = parseRegistryRequest(context.method, context.target);
    if (outcome.kind === 'request') context.request = outcome.request;
    else context.problem = problemOf(outcome);
    return true;
  };
}

function problemOf(outcome: Exclude<ReturnType<typeof parseRegistryRequest>, { kind: 'request' }>): Problem {
  switch (outcome.kind) {
    case 'unknown':
      return createProblem('NAME_INVALID', 'This is no path of the registry API.', { status: 404 });
    case 'method':
      return createProblem('UNSUPPORTED', 'This path does not know that method.', {
        headers: { Allow: outcome.allow.join(', ') },
      });
    case 'invalid':
      return createProblem(outcome.code, `The query is not served: ${outcome.reason}.`, { status: 400 });
  }
}

/**
 * Binds an upload session to the account that began it and to its repository: the session's name in the request is opened
 * with a key of both, and the one in the answer is sealed with it. To other accounts the session is unknown.
 */
function sealUploads({ uploadKey = randomBytes(32) }: PipelineOptions): Stage {
  return function sealUploads(context) {
    const { request, principal } = context;
    if (request?.route.kind !== 'uploads' && request?.route.kind !== 'upload') return true;
    const { route } = request;
    const seal = createUploadSeal(uploadKey, accountOf(principal), route.repository);
    context.uploadSeal = seal;
    if (route.kind === 'upload') context.request = withUpload(request, route, seal.open(route.upload));
    return true;
  };
}

/**
 * Refuses a body that the request may not have, and forwards the rest. Until here no byte of the body was read and no
 * `100 Continue` was sent.
 */
function dispatch(forward: Forward, { body, now }: Pick<PipelineOptions, 'body' | 'now'>): Stage {
  return function dispatch(context) {
    const { req, res, request } = context;
    if (request === undefined) throw new Error('a request without a meaning passed authorization');
    const refusal = judgeBody(request, bodyHead(req.headers), body);
    if (refusal !== undefined) {
      answerProblem(req, res, refusal);
      return false;
    }
    forward({
      req,
      res,
      request,
      origin: {
        address: context.address,
        host: context.host,
        requestId: context.id,
        account: accountOf(context.principal),
        charged: chargedOf(context.principal),
      },
      uploadSeal: context.uploadSeal,
      bodyLimit: bodyLimit(request, body),
      answer: (problem) => answerProblem(req, res, problem),
      noteCache: (outcome) => {
        context.cache = outcome;
      },
      cut: (problem) => {
        context.problem = problem;
        res.destroy();
      },
      count: (direction, bytes) => {
        context[direction] += bytes;
        if (direction === 'received') context.receivedAt = now();
      },
    });
    return false;
  };
}

function bodyHead(headers: Readonly<Record<string, string | string[] | undefined>>): BodyHead {
  const type = headers['content-type'];
  return {
    length: bodyLength(headers),
    contentType: typeof type === 'string' ? type : undefined,
  };
}

/** Runs a request through the stages in order, synchronously until a stage has to wait. `onFailure` is called with what a stage throws. */
export function runStages(
  stages: readonly Stage[],
  onFailure: (error: unknown, context: RequestContext) => void,
): (context: RequestContext) => void {
  const runFrom = (first: number, context: RequestContext): void => {
    try {
      for (let at = first; at < stages.length; at += 1) {
        const goesOn = stages[at]?.(context);
        if (goesOn === true) continue;
        if (goesOn instanceof Promise) resume(goesOn, at + 1, context);
        return;
      }
    } catch (error) {
      onFailure(error, context);
    }
  };
  const resume = (waiting: Promise<boolean>, next: number, context: RequestContext): void => {
    waiting.then(
      (goesOn) => goesOn && runFrom(next, context),
      (error: unknown) => onFailure(error, context),
    );
  };
  return (context) => runFrom(0, context);
}

/** Joins steps, the first one first. A step that is undefined is left out, and costs nothing. */
export function joinSteps(steps: readonly (ForwardStep | undefined)[], last: Forward): Forward {
  return steps.reduceRight((next, step) => step?.(next) ?? next, last);
}

/** Answers a request that failed unexpectedly, or cuts its connection where an answer has begun. */
export function answerFailure(error: unknown, { id, req, res }: RequestContext, logger: Logger): void {
  logger.error({ id, error: error instanceof Error ? error.stack : 'not an error' }, 'unexpected failure');
  if (res.headersSent) res.destroy();
  else
    answerProblem(req, res, createProblem('UNKNOWN', 'Something went wrong in the gate.', { close: true }));
}
