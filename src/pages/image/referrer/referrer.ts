import { AppError } from '../../../lib/errors.ts';
import { parseDigest } from '../../../oci/digest.ts';
import type { Descriptor } from '../../../images/model/descriptor.ts';
import { parseManifest, type Manifest, type StoredManifest } from '../../../images/model/manifest.ts';
import type { ImageSource } from '../../../images/store.ts';
import { readManifest } from '../../../images/view/open-image.ts';
import { holdsCosignSignature, kindOf } from '../../../images/view/referrers.ts';
import { renderPullCard } from '../../pull/pull-card.ts';
import { inRepository, withQuery } from '../../request/page-address.ts';
import { PageError } from '../../request/page-error.ts';
import type { PageAnswer, PageRoutes, RequestOf } from '../../request/page-request.ts';
import { formatSize, renderAge, renderDigest } from '../../text/format.ts';
import { html, NO_HTML, type Html } from '../../text/html.ts';
import type { Language } from '../../text/language.ts';
import { fact, renderPairs, subjectFact, textFact } from '../parts/facts.ts';
import { partNumber, readContent, renderContent, type Content, type ContentPart } from '../parts/content.ts';
import { renderWay, sayWhatIsWrong, type See } from '../parts/image-page.ts';
import { PARTS_WORDS } from '../parts/words.ts';
import { renderBlob, type BlobForm } from './shown-blob.ts';
import { REFERRER_WORDS } from './words.ts';

interface ReferrerOptions {
  readonly see: See;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

type ReferrerRequest = RequestOf<'referrer'>;

/** As many blobs as are shown on one page, and read: 1 MB of each. */
const MOST_BLOBS = 4;

/** A blob with what was read of it. Undefined: the registry does not have it. */
interface ReadBlob {
  readonly blob: Descriptor;
  readonly content: Content | undefined;
}

/** One referrer, or any manifest, with all that it holds as text. */
export function referrerRoutes({ see, now }: ReferrerOptions): PageRoutes {
  return {
    referrer: {
      get: sayWhatIsWrong(async (request: ReferrerRequest) => {
        const { repository, reference } = request.address;
        const source = see(request).repository(repository);
        if (parseDigest(reference) === undefined) throw new PageError('not-found');
        const stored = await readManifest(source, reference);
        const manifest = parseManifest(stored);
        const blobs: ReadBlob[] = [];
        for (const blob of shownBlobs(request, manifest))
          blobs.push({ blob, content: await readIfThere(source, blob) });
        return render({ request, stored, manifest, blobs, now: now() });
      }),
    },
  };
}

/** The type of a config that says nothing (image-spec: "Guidance for an Empty Descriptor"). */
const EMPTY = 'application/vnd.oci.empty.v1+json';

function blobsOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'index') return [];
  const { config, layers } = manifest;
  return config.mediaType === EMPTY ? layers : [...layers, config];
}

/** The first blobs, or that one alone of which a part is asked for. */
function shownBlobs({ query }: ReferrerRequest, manifest: Manifest): readonly Descriptor[] {
  const first = blobsOf(manifest).slice(0, MOST_BLOBS);
  const asked = query.get('of');
  return asked === '' ? first : first.filter(({ digest }) => digest.text === asked).slice(0, 1);
}

/** The part of a content that the address asks for, and the addresses of the others. */
function partOf({ address, query }: ReferrerRequest, digest: string, form: BlobForm): ContentPart {
  const isAsked = query.get('of') === digest && (query.get('form') || form) === form;
  const asked = query.get('part');
  const path = inRepository(address.repository, 'referrer', address.reference);
  return {
    number: isAsked ? partNumber(asked) : 1,
    address: (number) => withQuery(path, { of: digest, form, part: String(number) }),
  };
}

async function readIfThere(source: ImageSource, blob: Descriptor): Promise<Content | undefined> {
  try {
    return await readContent(source, blob);
  } catch (error) {
    if (error instanceof AppError && error.code === 'BLOB_MISSING') return undefined;
    throw error;
  }
}

interface Shown {
  readonly request: ReferrerRequest;
  readonly stored: StoredManifest;
  readonly manifest: Manifest;
  readonly blobs: readonly ReadBlob[];
  readonly now: number;
}

function render({ request, stored, manifest, blobs, now }: Shown): PageAnswer {
  const { address, language } = request;
  const { repository } = address;
  const words = REFERRER_WORDS[language];
  const kind = kindOfManifest(manifest);
  const isPlainIndex = manifest.kind === 'index' && kind === 'other';
  const title = isPlainIndex ? words.index : PARTS_WORDS[language].kinds[kind];
  const short = stored.digest.hex.slice(0, 12);
  const asked = request.query.get('of');
  const left = asked === '' ? blobsOf(manifest).length - blobs.length : 0;
  const content = { bytes: stored.bytes, size: stored.bytes.length };
  return {
    kind: 'page',
    title: `${title} ${short} · ${repository}`,
    body: html`${renderWay(repository, short, language)}
      <h1>${title}</h1>
      ${renderPull(request, manifest)}${renderFacts({ request, stored, manifest, now })}
      ${renderPairs(words.annotations, Object.entries(manifest.annotations), language)}
      ${blobs.map(({ blob, content: read }) => {
        const part = (form: BlobForm): ContentPart => partOf(request, blob.digest.text, form);
        return renderBlob({ blob, content: read, repository, partOf: part }, language);
      })}
      ${left > 0 ? html`<p class="quiet-text">${words.notShown(String(left))}</p>` : NO_HTML}
      ${manifest.kind === 'index' ? renderEntries(manifest.manifests, repository, language) : NO_HTML}
      ${
        asked === '' || asked === stored.digest.text
          ? html`<section>
              <h2>${words.manifest}</h2>
              ${renderContent(content, partOf(request, stored.digest.text, 'stored'), language)}
            </section>`
          : NO_HTML
      }`,
  };
}

/** What it is, by what it says of itself or what it holds: the layers of cosign alone tell. */
function kindOfManifest(manifest: Manifest): ReturnType<typeof kindOf> {
  const own = kindOf(manifest.artifactType ?? '', manifest.annotations);
  if (own !== 'other' || manifest.kind === 'index') return own;
  const { config, layers } = manifest;
  const kinds = [...layers, config].map(({ mediaType, annotations }) => kindOf(mediaType, annotations));
  // What BuildKit attests is several statements in one manifest.
  return layers.length > 1 && layers.every(({ mediaType }) => mediaType.includes('in-toto'))
    ? 'attestation'
    : (kinds.find((kind) => kind !== 'other') ?? 'other');
}

function renderFacts({ request, stored, manifest, now }: Omit<Shown, 'blobs'>): Html {
  const { address, language } = request;
  const words = REFERRER_WORDS[language];
  const { subject, artifactType, annotations } = manifest;
  const created = Date.parse(annotations['org.opencontainers.image.created'] ?? '');
  return html`<dl class="facts card">
    ${fact(words.digest, html`<code>${stored.digest.text}</code>`)}
    ${textFact(words.artifactType, artifactType, language)}
    ${textFact(words.mediaType, manifest.mediaType, language)}
    ${subjectFact(words.subject, subject, address.repository)}
    ${fact(words.created, Number.isNaN(created) ? undefined : renderAge(created, now, language))}
  </dl>`;
}

/** How a referrer is fetched, and how what it signs is verified. */
function renderPull(
  { address: { repository, reference }, client, language }: ReferrerRequest,
  manifest: Manifest,
): Html {
  if (manifest.kind === 'index' || manifest.subject === undefined) return NO_HTML;
  const signed = holdsCosignSignature(manifest) ? manifest.subject.digest.text : undefined;
  const name = `${client.host}/${repository}`;
  return renderPullCard({ name, reference, kind: 'artifact', signed }, language);
}

/** As many entries of an index as are listed. */
const MOST_ENTRIES = 200;

function renderEntries(entries: readonly Descriptor[], repository: string, language: Language): Html {
  const items = entries.slice(0, MOST_ENTRIES).map(
    ({ digest, size }) =>
      html`<li>
        <a href="${inRepository(repository, 'referrer', digest.text)}">${renderDigest(digest.text)}</a>
        ${formatSize(size, language)}
      </li>`,
  );
  return html`<section>
    <h2>${REFERRER_WORDS[language].entries}</h2>
    <ul class="tree card">
      ${items}
    </ul>
  </section>`;
}
