import type { RequestOf } from '../../request/page-request.ts';
import { formatSize } from '../../text/format.ts';
import { html, type Html } from '../../text/html.ts';
import { partNumber, renderContent } from '../parts/content.ts';
import { fact, textFact } from '../parts/facts.ts';
import { filePath, renderPath } from './directory.ts';
import type { FilesReply } from './thread/question.ts';
import { FILES_WORDS } from './words.ts';

/** One file of an image, with its beginning as text. */
export function renderFile(
  request: RequestOf<'files'>,
  { path, row, bytes }: Extract<FilesReply, { readonly kind: 'file' }>,
): Html {
  const { language } = request;
  const words = FILES_WORDS[language];
  const { size = 0 } = row;
  const part = {
    number: partNumber(request.query.get('part')),
    address: (number: number): string => filePath(request, path, { part: String(number) }),
  };
  return html`<section>
      ${renderPath(request, path)}
      <dl class="facts card">
        ${fact(words.size, formatSize(size, language))}${fact(words.mode, html`<code>${row.mode}</code>`)}
        ${fact(words.owner, row.owner)}
        ${fact(words.modified, html`<time datetime="${row.modified}">${row.modified.replace('T', ' ').replace('Z', ' UTC')}</time>`)}
        ${fact(words.layer, String(row.layer))}${textFact(words.link, row.link, language)}
      </dl>
    </section>
    <section>
      <h2>${words.content}</h2>
      ${renderContent({ bytes: Buffer.from(bytes), size }, part, language)}
    </section>`;
}
