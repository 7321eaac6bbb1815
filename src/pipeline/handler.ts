import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import { admit, hasEmptyBody, takeEmptyBody, type AdmissionLimits } from '../http/admission.ts';
import { respondEmpty } from '../oci/respond.ts';
import { answerProblem } from '../http/answer.ts';
import { contextOf, createOpenExchange } from '../http/context.ts';
import type { RequestContext, OpenExchangeOptions } from '../http/context.ts';
import { answerFailure, createPipeline, type PipelineOptions } from './pipeline.ts';
import { pagesRoute, type PagesRouteOptions } from './pages-route.ts';
import { publicRoutes, type PublicRoutesOptions } from './public-routes.ts';
import { tokenRoute, type TokenRouteOptions } from './token-route.ts';

export interface HandlerOptions
  extends
    Omit<PipelineOptions, 'tokens'>,
    OpenExchangeOptions,
    PublicRoutesOptions,
    PagesRouteOptions,
    Omit<TokenRouteOptions, 'tokens'> {
  readonly tokens: PipelineOptions['tokens'] & TokenRouteOptions['tokens'];
  readonly admission: AdmissionLimits;
  /** Whether browsers are told to use https alone for this host name. */
  readonly hsts: boolean;
}

/** Two years, as Mozilla's guideline 6.0 asks for. */
const HSTS = 'max-age=63072000';

type RequestHandler = (context: RequestContext) => void;

/** The pages and the token service, by Express. All other targets go to the registry, whose pipeline refuses what it does not know. */
export function createRouter(options: HandlerOptions, toRegistry: RequestHandler): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('trust proxy', false);
  app.enable('case sensitive routing').enable('strict routing');
  app.use(publicRoutes(options), tokenRoute(options), pagesRoute(options), (req: Request) =>
    toRegistry(contextOf(req)),
  );
  app.use((error: unknown, req: Request, _res: Response, _next: NextFunction) =>
    answerFailure(error, contextOf(req), options.logger),
  );
  return app;
}

/**
 * What Node.js calls for every request. Judges the form of the request before Express sees it, whose router reads a
 * target in its own way and fails on one that it cannot read; then serves a page, or runs the pipeline.
 */
export function createHandler(options: HandlerOptions): (req: IncomingMessage, res: ServerResponse) => void {
  const openExchange = createOpenExchange(options);
  const toRegistry = createPipeline(options);
  const router = createRouter(options, toRegistry);
  return function handle(req, res) {
    const context = openExchange(req, res);
    if (options.hsts) res.setHeader('Strict-Transport-Security', HSTS);
    // No protocol is changed here, but Node.js loses what follows such a request in the same packet.
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
    // No page is below this path. Express would find that out too, and then run the same pipeline.
    else if (target.startsWith('/v2/')) toRegistry(context);
    else router(req, res);
  }
}

/** Answers alike for every path, so that the answer tells nothing about any. */
function answerOptions(res: ServerResponse): void {
  respondEmpty(res, 204, { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' });
}
