import { renderTable } from '../../text/table.ts';
import type { Descriptor } from '../../../images/model/descriptor.ts';
import type { ImageManifest } from '../../../images/model/manifest.ts';
import { kindOf } from '../../../images/view/referrers.ts';
import { inRepository } from '../../request/page-address.ts';
import { formatSize, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { LetterBudget } from '../../text/letter-budget.ts';
import { renderForeign } from '../../text/visible-text.ts';
import { code } from '../parts/facts.ts';
import { IMAGE_WORDS, type ArtifactKind } from './words.ts';

const HELM = 'application/vnd.cncf.helm.config.v1+json';
const KNOWN: readonly (readonly [ArtifactKind, RegExp])[] = [
  ['helm', /^application\/vnd\.cncf\.helm\./],
  ['wasm', /wasm/i],
  ['compose', /docker\.compose/],
];

/** What something is that is no container image, by its types and those of what it holds. */
export function artifactKind({ artifactType, config, layers, annotations }: ImageManifest): ArtifactKind {
  const types = [artifactType ?? '', config.mediaType, ...layers.map(({ mediaType }) => mediaType)];
  const known = KNOWN.find(([, pattern]) => types.some((type) => pattern.test(type)));
  if (known !== undefined) return known[0];
  const kinds = types.map((type) => kindOf(type, annotations));
  return kinds.find((kind) => kind !== 'other') ?? 'other';
}

/** Its name and version where it states them, as a chart does. */
export function artifactTitle({ annotations, config }: ImageManifest): string {
  const title = annotations['org.opencontainers.image.title'] ?? '';
  const version = annotations['org.opencontainers.image.version'] ?? '';
  return config.mediaType === HELM ? [title, version].filter((word) => word !== '').join(' ') : title;
}

/** As many blobs of an artifact as a page lists. */
const MOST_BLOBS = 500;

/** What an artifact holds: its blobs, with the names that they state. */
export function renderBlobs(
  repository: string,
  { digest, manifest }: { readonly digest: string; readonly manifest: ImageManifest },
  language: Language,
): Html {
  const words = IMAGE_WORDS[language];
  const budget = new LetterBudget();
  const row = (blob: Descriptor, isConfig: boolean): Html =>
    html`<tr>
      <td>
        ${code(blob.mediaType, language, budget)}
        ${isConfig ? html` <span class="badge">${words.config}</span>` : NO_HTML}${titleOf(blob, budget, language)}
      </td>
      <td>${renderDigest(blob.digest.text)}</td>
      <td class="number">${formatSize(blob.size, language)}</td>
    </tr>`;
  const { config, layers } = manifest;
  return html`<section>
    <div class="heading">
      <h2>${words.contents}</h2>
      <a href="${inRepository(repository, 'referrer', digest)}">${words.show}</a>
    </div>
    ${renderTable([words.mediaType, words.digest, { text: words.size, look: 'number' }], html`${layers.slice(0, MOST_BLOBS).map((layer) => row(layer, false))}${row(config, true)}`)}
  </section>`;
}

function titleOf({ annotations }: Descriptor, budget: LetterBudget, language: Language): Html {
  const title = annotations['org.opencontainers.image.title'];
  return title === undefined
    ? NO_HTML
    : html`<div class="small">${renderForeign(title, language, budget.take(title, 300))}</div>`;
}
