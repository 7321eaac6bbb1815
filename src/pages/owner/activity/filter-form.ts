import { option, textField } from '../../text/form-parts.ts';
import { withQuery } from '../../request/page-address.ts';
import type { PageRequest } from '../../request/page-request.ts';
import { html, type Html } from '../../text/html.ts';
import { KINDS, SPANS, type Kind, type Span } from './kinds.ts';
import { ACTIVITY_WORDS } from './words.ts';

/** What the reader chose to see; a part that means nothing is left out. */
interface Choice {
  readonly kind: Kind;
  readonly span: Span;
  readonly user: string;
  readonly repository: string;
}

/** Reads the choice from the address. */
export function choiceOf({ query }: Pick<PageRequest, 'query'>): Choice {
  return {
    kind: KINDS.find((it) => it === query.get('kind')) ?? 'acts',
    span: SPANS.find((it) => it === query.get('since')) ?? 'all',
    user: query.get('user').trim().slice(0, 255),
    repository: query.get('repository').trim().slice(0, 300),
  };
}

/** The address of the page with the choice of this one, from a place on. */
export function pathOf(request: PageRequest, before?: string): string {
  const { kind, span, user, repository } = choiceOf(request);
  return withQuery('/activity', {
    kind: kind === 'acts' ? undefined : kind,
    since: span === 'all' ? undefined : span,
    user,
    repository,
    before,
  });
}

/** The form of the choice. */
export function renderForm(request: PageRequest): Html {
  const words = ACTIVITY_WORDS[request.language];
  const { kind, span, user, repository } = choiceOf(request);
  return html`<form class="fields filter" action="/activity" method="get">
    <div class="field">
      <label for="kind">${words.kind}</label
      ><select id="kind" name="kind">
        ${KINDS.map((it) => option(it, words.kinds[it], it === kind))}
      </select>
    </div>
    ${textField({ name: 'user', label: words.user, value: user, longest: 255 })}
    ${textField({
      name: 'repository',
      label: words.repository,
      value: repository,
      placeholder: words.repositoryHint,
      longest: 300,
    })}
    <div class="field">
      <label for="since">${words.span}</label
      ><select id="since" name="since">
        ${SPANS.map((it) => option(it, words.spans[it], it === span))}
      </select>
    </div>
    <button type="submit">${words.show}</button>
  </form>`;
}
