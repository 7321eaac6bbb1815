import { accountOf } from '../../../auth/principal.ts';
import { inRepository, withQuery } from '../../request/page-address.ts';
import type { PageAnswer, PageRoutes, RequestOf } from '../../request/page-request.ts';
import { formatSize } from '../../text/format.ts';
import { html, type Html } from '../../text/html.ts';
import { renderForeign } from '../../text/visible-text.ts';
import { seeImage, type SeenImage } from '../overview/read-overview.ts';
import {
  checkReference,
  fullName,
  renderViews,
  renderWay,
  sayWhatIsWrong,
  type See,
} from '../parts/image-page.ts';
import { renderDirectory } from './directory.ts';
import { renderFile } from './file.ts';
import type { FilesQuestion, FilesReply } from './thread/question.ts';
import { FILES_WORDS } from './words.ts';

export interface FilesRoutesOptions {
  readonly see: See;
  readonly files: {
    /** Looks into layers. */
    readonly ask: (question: FilesQuestion) => Promise<FilesReply>;
    /** Layers that are larger as they are stored are not looked into, in bytes; 0: none is. */
    readonly largestLayer: number;
  };
}

/** A page of the files of an image. */
export type FilesRequest = RequestOf<'files'>;

/** The files of an image: one directory at a time, or one file. */
export function filesRoutes({ see, files }: FilesRoutesOptions): PageRoutes {
  return {
    files: {
      get: sayWhatIsWrong(async (request: FilesRequest) => {
        const { address, query } = request;
        const source = see(request).repository(address.repository);
        const seen = await seeImage(source, checkReference(address.reference), query.get('platform'));
        const { manifest } = seen.opened;
        if (seen.config === undefined) return page(request, seen, { kind: 'no-image' });
        if (files.largestLayer === 0) return page(request, seen, { kind: 'off' });
        const reply = await files.ask({
          repository: address.repository,
          owner: accountOf(request.principal),
          layers: manifest.layers.map(({ mediaType, digest, size }) => ({
            mediaType,
            digest: digest.text,
            size,
          })),
          path: query.get('path'),
          hasHidden: query.get('hidden') === '1',
          from: Math.max(0, Math.trunc(Number(query.get('from'))) || 0),
        });
        return page(request, seen, reply, files.largestLayer);
      }),
    },
  };
}

type Told = FilesReply | { readonly kind: 'no-image' | 'off' };

function page(request: FilesRequest, { platform }: SeenImage, told: Told, largestLayer = 0): PageAnswer {
  const { address, language } = request;
  const { repository, reference } = address;
  const name = fullName(repository, reference);
  const words = FILES_WORDS[language];
  return {
    kind: 'page',
    status: STATUS[told.kind] ?? 200,
    title: `${words.title} · ${name}`,
    body: html`${renderWay(repository, reference, language)}
      <h1>${name}</h1>
      ${renderViews({ repository, reference, platform, current: 'files', language })}
      ${renderTold(request, told, largestLayer)}`,
    // The layers go on being read, and the page comes back for what was found.
    ...(told.kind === 'reading' ? { headers: { Refresh: '2' } } : {}),
  };
}

const STATUS: Readonly<Partial<Record<Told['kind'], number>>> = { missing: 404, busy: 503, unreadable: 422 };

function renderTold(request: FilesRequest, told: Told, largestLayer: number): Html {
  const { language } = request;
  const words = FILES_WORDS[language];
  switch (told.kind) {
    case 'directory':
      return renderDirectory(request, told);
    case 'file':
      return renderFile(request, told);
    case 'reading':
      return renderReading(request, told);
    case 'too-large': {
      const most = formatSize(largestLayer, language);
      const text = words.tooLargeText(told.layer, formatSize(told.size, language), most);
      return renderState(words.tooLarge, html`<p>${text}</p>`);
    }
    case 'unreadable':
      return renderState(
        words.unreadable,
        html`<p class="small" lang="en">${renderForeign(told.reason, language)}</p>`,
      );
    default:
      return renderPlain(request, told.kind);
  }
}

function renderReading(
  { language, target }: FilesRequest,
  { read, total }: Extract<Told, { readonly kind: 'reading' }>,
): Html {
  const words = FILES_WORDS[language];
  const text = words.readingText(formatSize(read, language), formatSize(total, language));
  return renderState(
    words.reading,
    html`<p aria-live="polite">${text}</p>
      <progress max="${total}" value="${read}" aria-label="${words.reading}"></progress>
      <p><a class="button quiet" href="${target}">${words.again}</a></p>`,
  );
}

type Plain = 'busy' | 'missing' | 'no-bytes' | 'no-image' | 'off';

function renderPlain(request: FilesRequest, kind: Plain): Html {
  const words = FILES_WORDS[request.language];
  const again = html`<p><a class="button quiet" href="${request.target}">${words.again}</a></p>`;
  const states: Readonly<Record<Plain, readonly [string, Html]>> = {
    busy: [
      words.busy,
      html`<p>${words.busyText}</p>
        ${again}`,
    ],
    missing: [
      words.missing,
      html`<p>${words.missingText}</p>
        ${toRoot(request)}`,
    ],
    'no-bytes': [words.noBytes, toRoot(request)],
    'no-image': [words.noFiles, html`<p>${words.noFilesText}</p>`],
    off: [words.off, html`<p>${words.offText}</p>`],
  };
  return renderState(...states[kind]);
}

function renderState(title: string, body: Html): Html {
  return html`<section class="state">
    <h2>${title}</h2>
    ${body}
  </section>`;
}

function toRoot({ address, query, language }: FilesRequest): Html {
  const platform = query.get('platform');
  const path = withQuery(inRepository(address.repository, 'files', address.reference), { platform });
  return html`<p><a class="button quiet" href="${path}">${FILES_WORDS[language].toRoot}</a></p>`;
}
