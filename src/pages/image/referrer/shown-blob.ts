import { parseDigest } from '../../../oci/digest.ts';
import type { Descriptor } from '../../../images/model/descriptor.ts';
import { findStatement } from '../../../images/view/statement.ts';
import { inRepository } from '../../request/page-address.ts';
import { formatSize, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { renderForeign } from '../../text/visible-text.ts';
import { renderContent, type Content, type ContentPart } from '../parts/content.ts';
import { fact, textFact } from '../parts/facts.ts';
import { REFERRER_WORDS } from './words.ts';

interface ShownBlob {
  readonly blob: Descriptor;
  /** Undefined: the registry does not have it. */
  readonly content: Content | undefined;
  readonly repository: string;
  /** Which part is shown. `form` is that of the statement, or of all as it is stored. */
  readonly partOf: (form: BlobForm) => ContentPart;
}

/** What is shown of a blob that holds a statement: that, or what it is wrapped in. */
export type BlobForm = 'statement' | 'stored';

/** What a referrer holds: a signed statement without its wrapping first, and then as it is stored. */
export function renderBlob({ blob, content, repository, partOf }: ShownBlob, language: Language): Html {
  const words = REFERRER_WORDS[language];
  const head = html`<div class="heading">
    <h2><code>${renderForeign(blob.mediaType, language, 200)}</code></h2>
    <span class="quiet-text small"
      >${renderDigest(blob.digest.text)} · ${formatSize(blob.size, language)}</span
    >
  </div>`;
  if (content === undefined)
    return html`<section>
      ${head}
      <p class="quiet-text">${words.missing}</p>
    </section>`;
  const statement = content.bytes.length === content.size ? findStatement(content.bytes) : undefined;
  if (statement === undefined)
    return html`<section>${head}${renderContent(content, partOf('stored'), language)}</section>`;
  const { bytes, predicateType, subjects } = statement;
  const isWrapped = bytes !== content.bytes;
  return html`<section>
    ${head}
    <dl class="facts card">
      ${textFact(words.predicate, predicateType, language)}
      ${fact(words.about, renderSubjects(subjects, repository, language))}
    </dl>
    ${isWrapped ? html`<h3>${words.statement}</h3>` : NO_HTML}
    ${renderContent({ bytes, size: bytes.length }, partOf('statement'), language)}
    ${
      isWrapped
        ? html`<details ${partOf('stored').number > 1 ? html` open` : NO_HTML}>
              <summary>${words.stored}</summary>
              ${renderContent(content, partOf('stored'), language)}
            </details>
            <p class="quiet-text small">${words.unchecked}</p>`
        : NO_HTML
    }
  </section>`;
}

/** As many subjects of a statement as are named. */
const MOST_SUBJECTS = 20;

function renderSubjects(
  subjects: NonNullable<ReturnType<typeof findStatement>>['subjects'],
  repository: string,
  language: Language,
): Html {
  const items = subjects.slice(0, MOST_SUBJECTS).map(({ name, digests }) => {
    const links = digests.slice(0, 3).map((text) => {
      const digest = parseDigest(text);
      return digest === undefined
        ? html`<code>${renderForeign(text, language, 100)}</code> `
        : html`<a href="${inRepository(repository, 'image', digest.text)}">${renderDigest(digest.text)}</a> `;
    });
    return html`<li>${links}${renderForeign(name, language, 200)}</li>`;
  });
  return html`<ul class="plain">
    ${items}
  </ul>`;
}
