import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import { admit } from '../http/admission.ts';
import type { AdmissionLimits } from '../http/admission.ts';
import type { Logger } from '../lib/logger.ts';
import { createProblem } from '../oci/problem.ts';
import { respondEmpty } from '../oci/respond.ts';
import { answerProblem } from '../http/answer.ts';
import { contextOf } from '../http/context.ts';
import type { RequestContext } from '../http/context.ts';
import { hasEmptyBody, takeEmptyBody } from '../http/empty-body.ts';
import { runStages } from './stage.ts';
import { publicRoutes } from './public-routes.ts';
import type { PublicRoutesOptions } from './public-routes.ts';
import { tokenRoute } from './token-route.ts';
import type { TokenRouteOptions } from './token-route.ts';
import { authorize } from './authorize.ts';
import type { AuthorizeOptions } from './authorize.ts';
import { classify } from './classify.ts';
import { filterCatalog } from './filter-catalog.ts';
import type { FilterCatalogOptions } from './filter-catalog.ts';
import { forward } from './dispatch.ts';
import type { ForwardStageOptions } from './dispatch.ts';
import { authenticate } from './authenticate.ts';
import type { AuthenticateOptions } from './authenticate.ts';
import { createOpenExchange } from '../http/context.ts';
import { sealUploads } from './seal-uploads.ts';
import type { SealUploadsOptions } from './seal-uploads.ts';
import type { OpenExchangeOptions } from '../http/context.ts';

export interface AppOptions
  extends
    OpenExchangeOptions,
    PublicRoutesOptions,
    AuthenticateOptions,
    AuthorizeOptions,
    SealUploadsOptions,
    FilterCatalogOptions,
    Omit<TokenRouteOptions, 'tokens'> {
  readonly tokens: AuthenticateOptions['tokens'] & TokenRouteOptions['tokens'];
  readonly admission: AdmissionLimits;
  readonly body: ForwardStageOptions['limits'];
  readonly forward: ForwardStageOptions['forward'];
  /** Whether browsers are told to use https alone for this host name. */
  readonly hsts: boolean;
  readonly logger: Logger;
}

/** Two years, as Mozilla's guideline 6.0 asks for. */
const HSTS = 'max-age=63072000';

type RequestHandler = (context: RequestContext) => void;

/** The way to the registry. Every request to it meets the stages in the order in which they are written here. */
export function createPipeline(options: AppOptions): RequestHandler {
  const stages = [
    classify(), // what is asked   -> request
    authenticate(options), // who asks        -> identity
    authorize(options), // may they        -> on, or a challenge
    sealUploads(options), // whose upload
    filterCatalog(options),
    forward({ forward: options.forward, limits: options.body, now: options.now }),
  ];
  return runStages(stages, (error, context) => answerFailure(error, context, options.logger));
}

/** The few pages and the token service, by Express. What is none of them goes the way to the registry, which knows what it is not. */
export function createPages(options: AppOptions, toRegistry: RequestHandler): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('trust proxy', false);
  app.enable('case sensitive routing').enable('strict routing');
  app.use(publicRoutes(options), tokenRoute(options), (req: Request) => toRegistry(contextOf(req)));
  app.use((error: unknown, req: Request, _res: Response, _next: NextFunction) =>
    answerFailure(error, contextOf(req), options.logger),
  );
  return app;
}

/**
 * What Node calls for every request. Its form is judged before Express sees it, whose router reads a target in its own
 * way and gives up on one that it cannot read; then it goes one of the two ways.
 */
export function createHandler(options: AppOptions): (req: IncomingMessage, res: ServerResponse) => void {
  const openExchange = createOpenExchange(options);
  const toRegistry = createPipeline(options);
  const pages = createPages(options, toRegistry);
  return function handle(req, res) {
    const context = openExchange(req, res);
    if (options.hsts) res.setHeader('Strict-Transport-Security', HSTS);
    // No protocol is changed here, but Node loses what follows such a request in the same packet.
    const endsHere = options.isDraining() || req.headers.upgrade !== undefined;
    if (endsHere) res.setHeader('Connection', 'close');
    const { method, target } = context;
    const refusal = admit(
      { method, target, httpVersion: req.httpVersion, rawHeaders: req.rawHeaders },
      options.admission,
    );
    if (refusal !== undefined) answerProblem(req, res, refusal);
    else if (hasEmptyBody(req)) {
      takeEmptyBody(req, {
        limitMs: options.formMs,
        onEnd: () => route(context),
        onProblem: (problem) => answerProblem(req, res, problem),
      });
    } else route(context);
  };

  function route(context: RequestContext): void {
    const { req, res, method, target } = context;
    if (method === 'OPTIONS') answerOptions(res);
    // No page is below this path. Express would find that out too, and only then let the request go the same way.
    else if (target.startsWith('/v2/')) toRegistry(context);
    else pages(req, res);
  }
}

/** Answered here for every path, so that it tells nothing about any. */
function answerOptions(res: ServerResponse): void {
  respondEmpty(res, 204, { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' });
}

function answerFailure(error: unknown, { id, req, res }: RequestContext, logger: Logger): void {
  logger.error({ id, error: error instanceof Error ? error.stack : 'not an error' }, 'unexpected failure');
  if (res.headersSent) res.destroy();
  else
    answerProblem(req, res, createProblem('UNKNOWN', 'Something went wrong in the gate.', { close: true }));
}
