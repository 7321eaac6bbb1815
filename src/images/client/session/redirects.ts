import { AppError } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';
import type { Answer } from '../wire/answer.ts';
import type { Wire, WireRequest } from '../wire/wire.ts';

const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and follows where it is sent to. `authorization` and `cookie` stay at the registry: whoever it sends
 * us to gets none, nor does the registry once we have left it. Only GET and HEAD are sent on.
 */
export async function sendOn(wire: Wire, request: WireRequest): Promise<Answer> {
  let current = request;
  for (let hops = 0; ; hops += 1) {
    const answer = await wire.send(current);
    if (answer.status < 300 || !REDIRECTS.has(answer.status)) return answer;
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer;
    const next = targetOf(answer);
    await answer.drop();
    if (hops === MOST_REDIRECTS) throw noWay(answer.url, `it redirects more than ${MOST_REDIRECTS} times`);
    const { authorization: _kept, ...bare } = current.headers;
    current = { ...current, url: next, headers: next.origin === current.url.origin ? current.headers : bare };
  }
}

function targetOf(answer: Answer): URL {
  const text = answer.header('location') ?? '';
  const next = text === '' ? null : URL.parse(text, answer.url.href);
  const shown = JSON.stringify(printable(text.split('?')[0]?.slice(0, 200)));
  if (next === null) throw noWay(answer.url, `it redirects to ${shown}, which is no address`);
  if (!['http:', 'https:'].includes(next.protocol) || next.username !== '' || next.password !== '')
    throw noWay(answer.url, `it redirects to ${shown}, which is no address of the web`);
  if (answer.url.protocol === 'https:' && next.protocol !== 'https:')
    throw noWay(answer.url, `it redirects to ${shown}, without TLS`);
  return next;
}

/**
 * Reads an address that the registry itself gave: of an upload, or of a next page. A registry behind a proxy may take
 * its own address for one without TLS: then ours counts. Throws AppError REGISTRY_REFUSED for one that is none.
 */
export function ownAddress(text: string, base: URL): URL {
  const url = URL.parse(text, base.href);
  if (
    url === null ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== ''
  )
    throw noWay(base, `it names ${JSON.stringify(printable(text.slice(0, 200)))}, which is no address`);
  if (url.protocol === 'http:' && base.protocol === 'https:') {
    if (url.hostname !== base.hostname) throw noWay(base, 'it names an address without TLS');
    url.protocol = 'https:';
    url.port = base.port;
  }
  return url;
}

function noWay(url: URL, reason: string): AppError {
  return new AppError('REGISTRY_REFUSED', {
    message: `The answer of ${url.host} can't be followed: ${reason}.`,
    hint: 'Correct the address of the registry in its settings (http.host, external URL), or that of its object store.',
  });
}
