import { ANONYMOUS, type Principal } from '../../auth/principal.ts';
import { NO_FIELDS, parseFields, type Fields } from './fields.ts';
import { acceptedLanguage } from '../text/language.ts';
import type { PageAddress } from './page-address.ts';
import type { PageClient, PageRequest } from './page-request.ts';
import { readPreferences } from './preferences.ts';

/** A browser that is signed in. */
interface PageSession {
  /** `s-1f0c9a2b4d` */
  readonly id: string;
  readonly principal: Principal;
  /** The token that the forms of the session carry. */
  readonly csrf: string;
}

/** What the gate hands over of a request for a page. */
export interface PageCall {
  readonly method: 'GET' | 'POST';
  readonly address: PageAddress;
  /** The request target as the browser wrote it. */
  readonly target: string;
  /** Undefined for GET. */
  readonly form: Fields | undefined;
  readonly acceptLanguage: string | undefined;
  readonly client: PageClient;
}

export interface ReadRequestOptions {
  /** Returns the session of a `Cookie` header; undefined if it names none that is alive. */
  readonly session: (cookies: string | undefined) => Promise<PageSession | undefined>;
  /** Reports whether a principal may see the pages of owners. */
  readonly isOwner: (principal: Principal) => boolean;
}

/** Reads a call once: who asks, in which language, with which fields. */
export async function readRequest(
  { session, isOwner }: ReadRequestOptions,
  call: PageCall,
): Promise<PageRequest> {
  const { method, address, target, form = NO_FIELDS, client } = call;
  const found = await session(client.cookies);
  const principal = found?.principal ?? ANONYMOUS;
  const { language, theme } = readPreferences(client.cookies);
  return {
    method,
    address,
    target,
    query: queryOf(target),
    form,
    principal,
    csrf: found?.csrf ?? '',
    sessionId: found?.id,
    isOwner: isOwner(principal),
    language: language ?? acceptedLanguage(call.acceptLanguage),
    theme,
    client,
  };
}

/** A query that is refused is none: the page is shown as it begins. */
function queryOf(target: string): Fields {
  const mark = target.indexOf('?');
  const fields = mark < 0 ? NO_FIELDS : parseFields(target.slice(mark + 1));
  return typeof fields === 'string' ? NO_FIELDS : fields;
}
