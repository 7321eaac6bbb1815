import { isForeignLayer } from '../../../images/model/media-types.ts';
import { pullSize, totalSize } from '../../../images/view/sizes.ts';
import { renderPullCard } from '../../pull/pull-card.ts';
import type { PageAnswer, PageRoutes, RequestOf } from '../../request/page-request.ts';
import { formatCount, formatSize, renderAge } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { renderForeign } from '../../text/visible-text.ts';
import { fact, renderPairs, subjectFact, textFact } from '../parts/facts.ts';
import {
  checkReference,
  fullName,
  layerRow,
  renderWay,
  renderViews,
  sayWhatIsWrong,
  type See,
} from '../parts/image-page.ts';
import { HATCHES, renderLayerBar, renderSwatch, type LayerLook } from '../parts/layer-bar.ts';
import { artifactKind, artifactTitle, renderBlobs } from './artifact.ts';
import { renderSteps } from './build-steps.ts';
import { renderPlatforms } from './platforms.ts';
import { pulledOf } from './pulled.ts';
import { readOverview, type Overview } from './read-overview.ts';
import { renderReferrers } from './referrer-list.ts';
import { renderRunConfig } from './run-config.ts';
import { IMAGE_WORDS } from './words.ts';

export interface OverviewOptions {
  readonly see: See;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

type ImageRequest = RequestOf<'image'>;

interface Shown {
  readonly request: ImageRequest;
  readonly overview: Overview;
  readonly shares: ReadonlyMap<string, number> | undefined;
  readonly now: number;
}

/** The page of an image, or of an artifact. */
export function overviewRoutes({ see, now }: OverviewOptions): PageRoutes {
  return {
    image: {
      get: sayWhatIsWrong(async (request: ImageRequest) => {
        const { repository, reference } = request.address;
        const visible = see(request);
        const source = visible.repository(repository);
        const overview = await readOverview(source, checkReference(reference), request.query.get('platform'));
        const digests = overview.opened.manifest.layers.map(({ digest }) => digest.text);
        const shares = await visible.inventory(repository).layerShares(repository, digests);
        // A repository that has not been looked through yet has no layers in the inventory.
        const known = shares.size === 0 ? undefined : shares;
        return render({ request, overview, shares: known, now: now() });
      }),
    },
  };
}

function render(shown: Shown): PageAnswer {
  const { request, overview } = shown;
  const { address, language } = request;
  const { repository, reference } = address;
  const name = fullName(repository, reference);
  const { config, platform, platforms } = overview;
  const { trees } = overview;
  const { index, manifest } = overview.opened;
  return {
    kind: 'page',
    title: name,
    body: html`${HATCHES}${renderWay(repository, reference, language)}
      <div class="heading">
        <h1>${name}</h1>
        ${config === undefined ? renderKind(overview, language) : NO_HTML}
      </div>
      ${
        config === undefined
          ? NO_HTML
          : renderViews({ repository, reference, platform, current: 'image', language })
      }
      ${renderPullCard(pulledOf(request, overview), language)}
      ${renderPlatforms(overview, request)}${renderFacts(shown)}${renderContents(shown)}
      ${renderReferrers({ repository, trees, platforms, language })}
      ${renderPairs(IMAGE_WORDS[language].annotations, Object.entries(manifest.annotations), language)}
      ${renderPairs(IMAGE_WORDS[language].indexAnnotations, Object.entries(index?.annotations ?? {}), language)}`,
  };
}

function renderKind({ opened: { manifest } }: Overview, language: ImageRequest['language']): Html {
  const title = artifactTitle(manifest);
  return html`<p>
    <span class="badge">${IMAGE_WORDS[language].kinds[artifactKind(manifest)]}</span>
    ${title === '' ? NO_HTML : renderForeign(title, language, 200)}
  </p>`;
}

function renderFacts({ request, overview, now }: Shown): Html {
  const { language, address } = request;
  const { opened, config } = overview;
  const { root, stored, manifest } = opened;
  const words = IMAGE_WORDS[language];
  const { annotations, subject } = manifest;
  const created = config?.created ?? annotations['org.opencontainers.image.created'] ?? '';
  const count = html`<span class="quiet-text"
    >${words.sizeText(formatCount(manifest.layers.length, language))}</span
  >`;
  const size = formatSize(pullSize(manifest), language);
  return html`<dl class="facts card">
    ${fact(words.digest, html`<code>${stored.digest.text}</code>`)}
    ${fact(words.indexDigest, opened.index === undefined ? undefined : html`<code>${root.digest.text}</code>`)}
    ${textFact(words.mediaType, manifest.mediaType, language)}
    ${textFact(words.artifactType, artifactTypeOf(overview), language)}
    ${textFact(words.platform, overview.platform, language)}
    ${fact(words.size, config === undefined ? size : html`${size} ${count}`)}
    ${fact(words.created, Number.isNaN(Date.parse(created)) ? undefined : renderAge(Date.parse(created), now, language))}
    ${textFact(words.author, config?.author ?? annotations['org.opencontainers.image.authors'], language)}
    ${textFact(words.base, annotations['org.opencontainers.image.base.name'], language)}
    ${subjectFact(words.subject, subject, address.repository)}
  </dl>`;
}

function artifactTypeOf({ config, opened: { manifest } }: Overview): string | undefined {
  return config === undefined ? (manifest.artifactType ?? manifest.config.mediaType) : manifest.artifactType;
}

function renderContents(shown: Shown): Html {
  const { request, overview, shares, now } = shown;
  const { language, address } = request;
  const { config, opened } = overview;
  const { manifest, stored } = opened;
  if (config === undefined)
    return renderBlobs(address.repository, { digest: stored.digest.text, manifest }, language);
  const words = IMAGE_WORDS[language];
  return html`${renderPicture(shown)}
    <section>
      <h2>${words.build}</h2>
      <p class="quiet-text small">${words.buildHint}</p>
      ${renderSteps({ manifest, config, shares, now, language })}
    </section>
    ${renderRunConfig(config, language)}`;
}

/** The layers to scale, with how much of them other tags have too. */
function renderPicture({ request: { language }, overview, shares }: Shown): Html {
  const { layers } = overview.opened.manifest;
  if (layers.length === 0) return NO_HTML;
  const words = IMAGE_WORDS[language];
  const drawn = layers.map(({ digest, size, mediaType }, at) => {
    const look: LayerLook =
      shares === undefined ? 'plain' : (shares.get(digest.text) ?? 1) > 1 ? 'shared' : 'alone';
    const title = (): string => `${words.layer(at + 1)} · ${formatSize(size, language)}`;
    return { size: isForeignLayer(mediaType) ? 0 : size, look, title, row: layerRow(at + 1) };
  });
  const entry = (look: 'alone' | 'shared'): Html => {
    const found = drawn.filter((layer) => layer.look === look);
    if (found.length === 0) return NO_HTML;
    const bytes = totalSize(found);
    const amount = words.inLayers(formatSize(bytes, language), formatCount(found.length, language));
    return html`<li>${renderSwatch(look)} ${words.legend[look]}: ${amount}</li>`;
  };
  return html`<section>
    <h2>${words.layers} <span class="count">${formatCount(layers.length, language)}</span></h2>
    ${renderLayerBar(drawn)}
    <ul class="legend">
      ${entry('alone')}${entry('shared')}
      <li class="quiet-text">${words.layersHint}</li>
    </ul>
  </section>`;
}
