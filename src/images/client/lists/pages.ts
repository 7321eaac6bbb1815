import { digestOf } from '../../../oci/digest.ts';
import { AppError } from '../../../lib/errors.ts';
import { parseJsonObject, type JsonObject } from '../../model/json.ts';
import { ownAddress } from '../session/redirects.ts';
import { refused } from '../session/refused.ts';
import type { Session } from '../session/session.ts';
import type { Need } from '../sign-in/access.ts';
import type { Answer } from '../wire/answer.ts';

interface ListQuery {
  /** With how many entries to ask for: `/v2/_catalog?n=1000`. */
  readonly path: string;
  readonly need: Need;
  /** Continues "would not". */
  readonly what: string;
  /** Whether the answer means that the registry has no such list: it is then empty. */
  readonly isAbsent?: (answer: Answer) => boolean;
  /** Makes the error of a refusal, if it is to be another than REGISTRY_REFUSED. */
  readonly onRefusal?: (answer: Answer) => Promise<AppError | undefined>;
}

/** The largest page that is read, in bytes: registries without pages send all tags at once. */
const MOST_PAGE = 32 * 1024 * 1024;
/** A list without end ends here. Each page leaves a hash of its address. */
const MOST_PAGES = 20_000;
const MOST_LINK = 8192;

/** Reads a list page by page (distribution-spec: "Listing Tags"), each as it was sent. Throws AppError REGISTRY_REFUSED. */
export async function* readPages(session: Session, query: ListQuery): AsyncIterable<JsonObject> {
  const seen = new Set<string>();
  for (let to: URL | undefined = new URL(query.path, session.origin); to !== undefined;) {
    const mark = digestOf('sha256', Buffer.from(to.href)).hex.slice(0, 32);
    if (seen.has(mark) || seen.size === MOST_PAGES) throw endless(session.registry, query.what);
    seen.add(mark);
    const answer: Answer = await session.ask({ method: 'GET', to, needs: [query.need] });
    if (query.isAbsent?.(answer) === true) return answer.drop();
    if (answer.status !== 200) throw (await query.onRefusal?.(answer)) ?? (await refused(answer, query.what));
    const page = parseJsonObject(await answer.read(MOST_PAGE));
    if (page === undefined) throw noList(session.registry, query.what);
    yield page;
    to = nextOf(answer, session);
  }
}

/** Reads `Link` (RFC 8288): `</v2/_catalog?n=2&last=b>; rel="next"`. Only the registry itself has the next page. */
function nextOf(answer: Answer, { registry, origin }: Session): URL | undefined {
  const header = (answer.header('link') ?? '').slice(0, MOST_LINK);
  const [, text] = /<([^<>]*)>[^<>,]*;\s*rel\s*=\s*"?next"?(?=[\s;,]|$)/i.exec(header) ?? [];
  if (text === undefined) return undefined;
  const url = ownAddress(text, answer.url);
  if (url.origin === origin && url.pathname.startsWith('/v2/')) return url;
  throw new AppError('REGISTRY_REFUSED', {
    message: `${registry} has the next page of a list at ${JSON.stringify(url.host)}, which is not asked.`,
    hint: 'Correct the address of the registry in its settings (http.host, external URL).',
  });
}

function endless(registry: string, what: string): AppError {
  return new AppError('REGISTRY_REFUSED', {
    message: `${registry} would not ${what}: its pages have no end.`,
    hint: 'The fault is on its side: a page names itself, or an earlier one, as the next.',
  });
}

function noList(registry: string, what: string): AppError {
  return new AppError('REGISTRY_REFUSED', {
    message: `${registry} would not ${what}: what it answers is not a list.`,
    hint: 'Check that it is the address of a registry: curl https://REGISTRY/v2/',
  });
}
