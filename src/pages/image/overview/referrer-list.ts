import type { PlatformImage } from '../../../images/view/platform-images.ts';
import type { ReferrerNode, ReferrerTree } from '../../../images/view/referrer-tree.ts';
import { inRepository } from '../../request/page-address.ts';
import { formatSize, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { renderForeign } from '../../text/visible-text.ts';
import { PARTS_WORDS } from '../parts/words.ts';
import { IMAGE_WORDS } from './words.ts';

interface ReferrerListOptions {
  readonly repository: string;
  readonly trees: readonly ReferrerTree[];
  readonly platforms: readonly PlatformImage[];
  readonly language: Language;
}

/** As many referrers as a page lists, whatever they refer to. */
const MOST_ITEMS = 300;

/** Counts what is still listed. */
class Room {
  #left = MOST_ITEMS;
  isShort = false;

  take<T>(items: readonly T[]): readonly T[] {
    const taken = items.slice(0, this.#left);
    this.isShort ||= taken.length < items.length;
    this.#left -= taken.length;
    return taken;
  }
}

/** What refers to an image, as a tree for each platform, with the attestations that stand in its index. */
export function renderReferrers(options: ReferrerListOptions): Html {
  const { trees, platforms, language } = options;
  const words = IMAGE_WORDS[language];
  const room = new Room();
  const groups = trees.map((tree) => renderGroup(tree, room, options)).filter((group) => group !== NO_HTML);
  const isCut = room.isShort || trees.some((tree) => tree.isCut);
  const count = trees.reduce((sum, { nodes }) => sum + nodes.length, 0);
  if (platforms.length === 0 && count === 0 && !isCut) return NO_HTML;
  return html`<section>
    <h2>${words.referrers}</h2>
    ${groups.length === 0 ? html`<p class="quiet-text">${words.noReferrers}</p>` : html`<div class="card">${groups}</div>`}
    ${isCut ? html`<p class="notice warn">${words.moreReferrers}</p>` : NO_HTML}
  </section>`;
}

function renderGroup({ subject, nodes }: ReferrerTree, room: Room, options: ReferrerListOptions): Html {
  const { platforms, language } = options;
  const words = IMAGE_WORDS[language];
  const image = platforms.find(({ entry }) => entry.digest.text === subject.text);
  const attestations = image?.attestations ?? [];
  if (nodes.length === 0 && attestations.length === 0) return NO_HTML;
  const title = image === undefined ? words.ofIndex : image.platform;
  const items = [
    ...room
      .take(attestations)
      .map((entry) =>
        renderItem(
          { kind: 'attestation', digest: entry.digest.text, size: entry.size, type: 'BuildKit' },
          options,
        ),
      ),
    ...room.take(nodes).map((node) => renderNode(node, room, options)),
  ];
  return html`<div>
    ${platforms.length === 0 ? NO_HTML : html`<h3>${renderForeign(title, language, 100)}</h3>`}
    <ul class="tree">
      ${items}
    </ul>
  </div>`;
}

function renderNode({ referrer, children }: ReferrerNode, room: Room, options: ReferrerListOptions): Html {
  const { kind, digest, size, artifactType, annotations, tag } = referrer;
  const type = annotations['in-toto.io/predicate-type'] ?? (tag === undefined ? artifactType : 'cosign');
  const below = room.take(children).map((child) => renderNode(child, room, options));
  return renderItem({ kind, digest, size, type }, options, below);
}

interface Item {
  readonly kind: ReferrerNode['referrer']['kind'];
  readonly digest: string;
  readonly size: number;
  readonly type: string;
}

function renderItem(
  { kind, digest, size, type }: Item,
  { repository, language }: ReferrerListOptions,
  below: readonly Html[] = [],
): Html {
  return html`<li>
    <a href="${inRepository(repository, 'referrer', digest)}">${PARTS_WORDS[language].kinds[kind]}</a>
    <span class="quiet-text small"
      >${type === '' ? NO_HTML : html`${renderForeign(type, language, 120)} · `}${renderDigest(digest)} ·
      ${formatSize(size, language)}</span
    >
    ${
      below.length === 0
        ? NO_HTML
        : html`<ul>
            ${below}
          </ul>`
    }
  </li>`;
}
