import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { answerProblem, isRead } from '../http/answer.ts';
import { contextOf, type RequestContext } from '../http/context.ts';
import { networkOf } from '../lib/network.ts';
import { createProblem } from '../oci/problem.ts';
import { accountOf } from '../auth/principal.ts';
import type { Answer } from '../oci/respond.ts';
import { PageDelivery, type PageDeliveryOptions } from './page-delivery.ts';
import type { Fields } from '../pages/request/fields.ts';
import { readPageForm } from './page-form.ts';
import type { Asset } from '../pages/frame/assets.ts';
import type { PageAddress } from '../pages/request/page-address.ts';
import type { PageClient, PageNote } from '../pages/request/page-request.ts';
import type { Pages } from '../pages/pages.ts';

export interface PagesRouteOptions extends PageDeliveryOptions {
  /** Undefined where the gate shows no pages. */
  readonly pages?: Pages | undefined;
  /** How long a form may take to arrive, in milliseconds. */
  readonly formMs: number;
}

const LONGEST_AGENT = 256;

/** Nothing but our own style, script and icon; no inline script or style, and no frame around a page. */
const secure = helmet({
  strictTransportSecurity: false,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      scriptSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: ["'none'"],
    },
  },
  referrerPolicy: { policy: 'same-origin' },
});

/** The pages for browsers. A target that is that of no page is left to the next handler. */
export function pagesRoute({ pages, formMs, pageIdleMs }: PagesRouteOptions): RequestHandler {
  const delivery = new PageDelivery({ pageIdleMs });
  return function pagesRoute(req, res, next) {
    const { target, method } = contextOf(req);
    const address = pages?.find(target);
    const asset = address === undefined ? pages?.asset(target) : undefined;
    if (pages === undefined || (address === undefined && asset === undefined)) {
      next();
      return;
    }
    secure(req, res, () => {
      if (asset !== undefined) sendAsset(req, res, asset, delivery).catch(next);
      else if (address !== undefined) answerPage(pages, address).catch(next);
    });

    async function answerPage(all: Pages, page: PageAddress): Promise<void> {
      const allowed = all.methods(page);
      const asked = method === 'HEAD' ? 'GET' : allowed.find((it) => it === method);
      if (asked === undefined || !allowed.includes(asked)) {
        refuseMethod(
          req,
          res,
          asked === 'GET' || allowed.includes('GET') ? ['GET', 'HEAD', ...allowed] : allowed,
        );
        return;
      }
      const maxBytes =
        asked === 'POST' ? await all.mostFormBytes({ address: page, client: clientOf(req) }) : 0;
      const form = maxBytes > 0 ? await readPageForm(req, res, { maxBytes, ms: formMs }) : undefined;
      if (maxBytes > 0 && form === undefined) return;
      await send(req, res, { pages: all, delivery }, { method: asked, address: page, form });
    }
  };
}

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly address: PageAddress;
  readonly form: Fields | undefined;
}

interface Way {
  readonly pages: Pages;
  readonly delivery: PageDelivery;
}

async function send(
  req: IncomingMessage,
  res: Response,
  { pages, delivery }: Way,
  asked: Asked,
): Promise<void> {
  const context = contextOf(req);
  const rendered = await pages.answer({
    ...asked,
    target: context.target,
    acceptLanguage: req.headers['accept-language'],
    // A form is carried out, whether or not its browser waits for that.
    client: { ...clientOf(req), signal: asked.method === 'GET' ? untilGone(res) : undefined },
  });
  if (req.socket.destroyed) return;
  context.principal = rendered.principal;
  note(context, rendered.note);
  const cookies = rendered.cookies.length === 0 ? {} : { 'Set-Cookie': [...rendered.cookies] };
  const type = 'text/html; charset=utf-8';
  // A form that was not read must not be read now.
  const close = !isRead(req);
  const answer: Answer =
    rendered.kind === 'redirect'
      ? { status: 303, type, headers: { ...cookies, Location: rendered.to }, body: '', close }
      : {
          status: rendered.status,
          type,
          headers: { ...rendered.headers, ...cookies },
          body: rendered.text,
          close,
        };
  const owner = accountOf(rendered.principal) || networkOf(context.address);
  const problem = delivery.send({ req, res, answer, owner });
  if (problem !== undefined) answerProblem(req, res, problem);
}

/** Aborted when the browser goes before it has its answer. */
function untilGone(res: Response): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}

function clientOf(req: IncomingMessage): PageClient {
  const context = contextOf(req);
  return {
    requestId: context.id,
    address: context.address,
    host: context.host,
    agent: req.headers['user-agent']?.slice(0, LONGEST_AGENT) ?? '',
    cookies: req.headers.cookie,
    source: { fetchSite: textOf(req.headers['sec-fetch-site']), origin: req.headers.origin },
  };
}

/** Puts what a page says of itself into the record of the request. */
function note(context: RequestContext, { session, failedLogin, problem }: Omit<PageNote, 'principal'>): void {
  context.session = session;
  context.failedLogin = failedLogin;
  if (problem !== undefined) context.problem = createProblem(problem.code, problem.message);
}

function textOf(field: string | readonly string[] | undefined): string | undefined {
  return typeof field === 'string' ? field : undefined;
}

function refuseMethod(req: IncomingMessage, res: Response, allowed: readonly string[]): void {
  const headers = { Allow: [...new Set(allowed)].join(', ') };
  answerProblem(req, res, createProblem('UNSUPPORTED', 'This page does not know that method.', { headers }));
}

async function sendAsset(
  req: IncomingMessage,
  res: Response,
  { type, body, brotli }: Asset,
  delivery: PageDelivery,
): Promise<void> {
  const context = contextOf(req);
  if (context.method !== 'GET' && context.method !== 'HEAD') {
    refuseMethod(req, res, ['GET', 'HEAD']);
    return;
  }
  const isCompressed = /\bbr\b/.test(String(req.headers['accept-encoding'] ?? ''));
  const encoding = isCompressed ? { 'Content-Encoding': 'br' } : {};
  const bytes = isCompressed ? await brotli() : body;
  if (req.socket.destroyed) return;
  const answer: Answer = {
    status: 200,
    type,
    headers: { Vary: 'Accept-Encoding', ...encoding },
    body: bytes,
    isImmutable: true,
  };
  const problem = delivery.send({ req, res, answer, owner: networkOf(context.address) });
  if (problem !== undefined) answerProblem(req, res, problem);
}
