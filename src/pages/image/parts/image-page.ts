import { AppError } from '../../../lib/errors.ts';
import { parseDigest } from '../../../oci/digest.ts';
import { isTag } from '../../../oci/request/route.ts';
import { inRepository, repositoryPath, withQuery, type PageAddress } from '../../request/page-address.ts';
import { PageError } from '../../request/page-error.ts';
import type { PageAnswer, PageHandler, PageRequest } from '../../request/page-request.ts';
import type { Visible } from '../../request/visible.ts';
import { renderCrumbs } from '../../text/crumbs.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { renderForeign } from '../../text/visible-text.ts';
import { PARTS_WORDS } from './words.ts';

/** Opens what a request may see. */
export type See = (request: Pick<PageRequest, 'principal' | 'client'>) => Visible;

/** Throws PageError not-found for what is neither a tag nor a digest. */
export function checkReference(reference: string): string {
  if (isTag(reference) || parseDigest(reference) !== undefined) return reference;
  throw new PageError('not-found');
}

/** `team/app:1.0`, or `team/app@sha256:...`. */
export function fullName(repository: string, reference: string): string {
  return `${repository}${isTag(reference) ? ':' : '@'}${reference}`;
}

/** Says what is wrong with an image that can't be read: the registry answers, but what it has is no image. */
export function sayWhatIsWrong<A extends PageAddress>(handler: PageHandler<A>): PageHandler<A> {
  return async (request) => {
    try {
      return await handler(request);
    } catch (error) {
      if (!(error instanceof AppError) || !UNREADABLE.includes(error.code)) throw error;
      return unreadablePage(request, error.message);
    }
  };
}

const UNREADABLE: readonly string[] = ['IMAGE_INVALID', 'DIGEST_MISMATCH'];

function unreadablePage({ language }: Pick<PageRequest, 'language'>, reason: string): PageAnswer {
  const words = PARTS_WORDS[language];
  return {
    kind: 'page',
    status: 422,
    title: words.unreadable,
    body: html`<section class="state">
      <h1>${words.unreadable}</h1>
      <p>${words.unreadableText}</p>
      <p class="small" lang="en">${renderForeign(reason, language)}</p>
    </section>`,
  };
}

/** The way from the start to a repository, and what lies in it. */
export function renderWay(repository: string, last: string, language: Language): Html {
  const words = PARTS_WORDS[language];
  const parts = repository.split('/');
  const folders = parts.slice(0, -1).map((text, at) => {
    const folder = parts.slice(0, at + 1).join('/');
    return { text, address: withQuery('/', { folder }) };
  });
  const crumbs = [
    { text: words.repositories, address: '/' },
    ...folders,
    { text: parts.at(-1) ?? '', address: repositoryPath(repository) },
    { text: last, address: undefined },
  ];
  return renderCrumbs(crumbs, words.path);
}

interface ViewsOptions {
  readonly repository: string;
  readonly reference: string;
  readonly platform: string | undefined;
  readonly current: 'image' | 'files' | 'compare';
  readonly language: Language;
}

/** The links among the pages of one image. */
export function renderViews({ repository, reference, platform, current, language }: ViewsOptions): Html {
  const words = PARTS_WORDS[language];
  const link = (kind: ViewsOptions['current'], path: string): Html =>
    html`<a href="${path}" ${kind === current ? html` aria-current="page"` : NO_HTML}>${words[kind]}</a>`;
  return html`<nav class="tabs" aria-label="${words.views}">
    ${link('image', withQuery(inRepository(repository, 'image', reference), { platform }))}
    ${link('files', withQuery(inRepository(repository, 'files', reference), { platform }))}
    ${link('compare', withQuery(inRepository(repository, 'compare'), { a: reference, platform }))}
  </nav>`;
}

/** The id of the row of a layer on a page, the lowest being 1. */
export function layerRow(number: number): string {
  return `layer-${number}`;
}
