import { timingSafeEqual } from 'node:crypto';
import { AppError } from '../../lib/errors.ts';
import { networkOf } from '../../lib/network.ts';
import { isOpenPage, withQuery } from '../request/page-address.ts';
import { PageError } from '../request/page-error.ts';
import {
  isHandler,
  type PageAnswer,
  type PageHandler,
  type PageRequest,
  type PageRoutes,
} from '../request/page-request.ts';
import { html, TooLarge } from '../text/html.ts';
import { accountOf } from '../../auth/principal.ts';
import type { PageTurns, Turns } from '../request/page-turns.ts';
import { isFromElsewhere, isFromHere } from '../request/form-source.ts';
import { FRAME_WORDS } from './words.ts';
import { problemPage } from './problem-page.ts';

export interface AnswerOptions {
  readonly routes: PageRoutes;
  readonly turns: Turns;
  /** Reports whether a rule is for anonymous clients. If not, browsers without a session are sent to sign in. */
  readonly anonymous: () => boolean;
  /** Whether the pages are for owners alone. */
  readonly forOwners: boolean;
  /** Called with what ended a page unexpectedly. */
  readonly onFailure: (error: unknown) => void;
}

/** Makes the page that a request asks for, or one that says why it is not shown. Never rejects. */
export async function answerPage(options: AnswerOptions, request: PageRequest): Promise<PageAnswer> {
  const refusal = foreignOf(request) ?? refusalOf(options, request);
  if (refusal !== undefined) return refusal;
  try {
    return await makePage(options, request);
  } catch (error) {
    return failedPage(options, request, error);
  }
}

function failedPage(
  { onFailure }: Pick<AnswerOptions, 'onFailure'>,
  request: PageRequest,
  error: unknown,
): PageAnswer {
  const shown = toPageError(error);
  const hasLeft = request.client.signal?.aborted === true;
  if (shown === undefined && !hasLeft) onFailure(error);
  if (shown?.problem === 'not-found' && mightSeeMore(request)) return toSignIn(request);
  return problemPage(request, shown ?? new PageError('registry-failed'));
}

/** Pages about all repositories. */
const OF_MANY: ReadonlySet<string> = new Set(['repositories', 'space', 'users', 'activity']);

/** What asks the registry or the inventory waits for its turn. */
async function makePage({ routes, turns: all }: AnswerOptions, request: PageRequest): Promise<PageAnswer> {
  const handler = handlerOf(routes, request);
  const turns = turnsOf(request, all);
  if (turns === undefined) return handler(request);
  const { principal, client } = request;
  const owner = accountOf(principal) || networkOf(client.address);
  return turns.run({ owner, signal: client.signal }, () => handler(request));
}

function turnsOf({ address }: PageRequest, { registry, inventory }: Turns): PageTurns | undefined {
  if ('repository' in address) return registry;
  return OF_MANY.has(address.kind) ? inventory : undefined;
}

/** What is answered because of where the browser comes from. */
function foreignOf(request: PageRequest): PageAnswer | undefined {
  const { method, client } = request;
  if (method === 'POST' && !isFromHere(client.source, client.host))
    return problemPage(request, new PageError('foreign-form'));
  return isWithoutItsCookie(request) ? openingPage(request) : undefined;
}

function refusalOf({ anonymous, forOwners }: AnswerOptions, request: PageRequest): PageAnswer | undefined {
  if (isOpenPage(request.address)) return undefined;
  const isStranger = request.principal.kind === 'anonymous';
  if (isStranger && (forOwners || !anonymous())) return toSignIn(request);
  const mayLeave = request.address.kind === 'sign-out';
  if (forOwners && !request.isOwner && !mayLeave) return problemPage(request, new PageError('forbidden'));
  return request.method === 'POST' && !isOwnForm(request)
    ? problemPage(request, new PageError('stale-form'))
    : undefined;
}

/** Whether a page of this session made the form. */
function isOwnForm({ csrf, form }: PageRequest): boolean {
  const expected = Buffer.from(csrf);
  const sent = Buffer.from(form.get('csrf'));
  return csrf !== '' && expected.length === sent.length && timingSafeEqual(expected, sent);
}

/**
 * A browser sends no SameSite=Strict cookie where a link of another site led it here. Whether it has a session shows in
 * the next request, which comes from a page of this gate.
 */
function isWithoutItsCookie({ method, principal, client }: PageRequest): boolean {
  return method === 'GET' && principal.kind === 'anonymous' && isFromElsewhere(client.source);
}

/** Sends the browser to the same target again, from here. It needs no script. */
function openingPage({ target, language }: PageRequest): PageAnswer {
  const { opening } = FRAME_WORDS[language];
  return {
    kind: 'page',
    title: opening,
    headers: { Refresh: `0; url=${target}` },
    body: html`<section class="state">
      <h1><a href="${target}">${opening}</a></h1>
    </section>`,
  };
}

/** Whether signing in could help. */
function mightSeeMore({ principal, target }: PageRequest): boolean {
  return principal.kind === 'anonymous' && target !== '/';
}

function toSignIn({ target, method }: PageRequest): PageAnswer {
  const to = method === 'GET' && target !== '/' ? target : undefined;
  return { kind: 'redirect', to: withQuery('/sign-in', { to }) };
}

/** The kind of the address chose the handler, so the handler takes this address. */
function handlerOf(routes: PageRoutes, { address, method }: PageRequest): PageHandler {
  const entry: { readonly get?: unknown; readonly post?: unknown } = routes[address.kind] ?? {};
  const handler = method === 'GET' ? entry.get : entry.post;
  if (!isHandler(handler)) throw new PageError('not-found');
  return handler;
}

/** What the registry says: that something is not there, or that it cannot be had now. */
function toPageError(error: unknown): PageError | undefined {
  if (error instanceof PageError) return error;
  if (error instanceof TooLarge) return new PageError('too-large');
  if (!(error instanceof AppError)) return undefined;
  const isMissing = error.code === 'IMAGE_UNKNOWN' || error.code === 'BLOB_MISSING';
  return new PageError(isMissing ? 'not-found' : 'registry-failed', undefined, { cause: error });
}
