import type { Repository } from '../../../images/store.ts';
import { compareImages, type ImageDiff } from '../../../images/view/diff-images.ts';
import { isReferrerTag } from '../../../images/tags/referrer-tags.ts';
import { inRepository, withQuery } from '../../request/page-address.ts';
import type { PageAnswer, PageRoutes, RequestOf } from '../../request/page-request.ts';
import { formatSize } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import {
  checkReference,
  fullName,
  renderWay,
  renderViews,
  sayWhatIsWrong,
  type See,
} from '../parts/image-page.ts';
import { seeImage, type SeenImage } from '../overview/read-overview.ts';
import { renderComparedLayers, type Compared } from './compared-layers.ts';
import { renderChanges } from './changes.ts';
import { shorten } from './shorten.ts';
import { COMPARE_WORDS } from './words.ts';

type CompareRequest = RequestOf<'compare'>;

/** Tags beyond are not suggested. They can be typed. */
const MOST_TAGS = 300;

/** Two images of a repository side by side, and the form that chooses them. */
export function compareRoutes({ see }: { readonly see: See }): PageRoutes {
  return {
    compare: {
      get: sayWhatIsWrong(async (request: CompareRequest) => {
        const { query, address } = request;
        const source = see(request).repository(address.repository);
        const [a, b] = [query.get('a').trim(), query.get('b').trim()];
        const tags = await listTags(source);
        const platform = query.get('platform');
        const open = (reference: string): Promise<SeenImage> =>
          seeImage(source, checkReference(reference), platform);
        if (a === '' || b === '') {
          // What the form cannot show is said at once.
          if (a !== '') await open(a);
          return page(request, tags, NO_HTML);
        }
        const [first, second] = await Promise.all([open(a), open(b)]);
        const compared = { manifest: first.opened.manifest, config: first.config };
        const other = { manifest: second.opened.manifest, config: second.config };
        return page(
          request,
          tags,
          render(
            { a, b, first, second, diff: compareImages(compared, other) },
            address.repository,
            request.language,
          ),
        );
      }),
    },
  };
}

async function listTags(source: Repository): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const tag of source.listTags()) {
    if (!isReferrerTag(tag)) tags.push(tag);
    if (tags.length === MOST_TAGS) break;
  }
  return tags;
}

function page(request: CompareRequest, tags: readonly string[], result: Html): PageAnswer {
  const { address, query, language } = request;
  const { repository } = address;
  const words = COMPARE_WORDS[language];
  const [a, platform] = [query.get('a').trim(), query.get('platform')];
  return {
    kind: 'page',
    title: `${words.title} · ${repository}`,
    body: html`${renderWay(repository, words.title, language)}
      <h1>${words.title}</h1>
      ${a === '' ? NO_HTML : renderViews({ repository, reference: a, platform, current: 'compare', language })}
      ${result === NO_HTML ? html`<p class="quiet-text">${words.intro}</p>` : NO_HTML}
      ${renderForm(request, tags)}${result}`,
  };
}

function renderForm({ address, query, language }: CompareRequest, tags: readonly string[]): Html {
  const words = COMPARE_WORDS[language];
  const [a, b, platform] = [query.get('a').trim(), query.get('b').trim(), query.get('platform')];
  const path = inRepository(address.repository, 'compare');
  const field = (name: 'a' | 'b', label: string, value: string): Html =>
    html`<div class="field">
      <label for="compare-${name}">${label}</label
      ><input
        id="compare-${name}"
        name="${name}"
        value="${value}"
        list="tags"
        placeholder="${words.hint}"
        maxlength="200"
        autocomplete="off"
        spellcheck="false"
        required
      />
    </div>`;
  const swap =
    a === '' || b === ''
      ? NO_HTML
      : html`<a class="button quiet" href="${withQuery(path, { a: b, b: a, platform })}">${words.swap}</a>`;
  return html`<form class="fields" action="${path}" method="get">
    ${field('a', words.first, a)}${field('b', words.second, b)}
    ${platform === '' ? NO_HTML : html`<input type="hidden" name="platform" value="${platform}" />`}
    <div class="buttons"><button type="submit">${words.compare}</button>${swap}</div>
    <datalist id="tags">${tags.map((tag) => html`<option value="${tag}"></option>`)}</datalist>
  </form>`;
}

function render(compared: Compared, repository: string, language: Language): Html {
  const { diff, a, b } = compared;
  const nameOf = (reference: string): string =>
    fullName(repository.split('/').at(-1) ?? '', shorten(reference));
  const words = COMPARE_WORDS[language];
  return html`<p class="notice">
      ${diff.isSame ? words.same : sayPull(diff, [nameOf(a), nameOf(b)], language)}
    </p>
    ${renderComparedLayers(compared, language)}
    <section>
      <h2>${words.settings}</h2>
      ${
        diff.changes.length === 0
          ? html`<p class="quiet-text">${words.noSettings}</p>`
          : renderChanges(diff.changes, a, b, language)
      }
    </section>`;
}

function sayPull(
  { fetchBytes, totalBytes }: ImageDiff,
  names: readonly [string, string],
  language: Language,
): string {
  const words = COMPARE_WORDS[language];
  const [a, b] = names;
  if (fetchBytes === 0) return words.nothingToFetch(a, b);
  return words.pull(a, formatSize(fetchBytes, language), b, formatSize(totalBytes, language));
}
