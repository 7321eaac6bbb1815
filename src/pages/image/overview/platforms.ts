import type { PlatformImage } from '../../../images/view/platform-images.ts';
import { inRepository, withQuery } from '../../request/page-address.ts';
import type { RequestOf } from '../../request/page-request.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import { renderForeign } from '../../text/visible-text.ts';
import { MOST_ENTRIES, moreThan } from '../parts/facts.ts';
import type { SeenImage } from './read-overview.ts';
import { IMAGE_WORDS } from './words.ts';

/** The platforms of an index to choose from, the current one marked. */
export function renderPlatforms(
  { platforms, opened }: SeenImage,
  { language, address }: RequestOf<'image'>,
): Html {
  if (platforms.length === 0) return NO_HTML;
  const words = IMAGE_WORDS[language];
  const sameName = Map.groupBy(platforms, ({ platform }) => platform);
  const isCurrent = ({ entry }: PlatformImage): boolean => entry.digest.text === opened.stored.digest.text;
  const links = shownPlatforms(platforms, isCurrent).map((image) => {
    const { platform, osVersion, entry, attestations } = image;
    const isUnique = platform !== '' && sameName.get(platform)?.length === 1;
    const path = isUnique
      ? withQuery(inRepository(address.repository, 'image', address.reference), { platform })
      : inRepository(address.repository, 'image', entry.digest.text);
    return html`<li>
      <a class="choice" href="${path}" ${isCurrent(image) ? html` aria-current="true"` : NO_HTML}
        >${platform === '' ? words.noPlatform : renderForeign(platform, language, 100)}
        ${osVersion === undefined ? NO_HTML : renderForeign(osVersion, language, 40)}${
          attestations.length === 0
            ? NO_HTML
            : html`<span class="quiet-text small"> ${words.attested(attestations.length)}</span>`
        }</a
      >
    </li>`;
  });
  return html`<section aria-label="${words.platform}">
    <ul class="choices">
      ${links}${moreThan(platforms.length, language)}
    </ul>
  </section>`;
}

/** The first platforms, and the current one. */
function shownPlatforms(
  platforms: readonly PlatformImage[],
  isCurrent: (image: PlatformImage) => boolean,
): readonly PlatformImage[] {
  const first = platforms.slice(0, MOST_ENTRIES);
  const current = platforms.slice(MOST_ENTRIES).find(isCurrent);
  return current === undefined ? first : [...first.slice(0, -1), current];
}
