import { parsePageAddress } from '../../src/pages/request/page-address.ts';
import { parseFields, type Fields } from '../../src/pages/request/fields.ts';
import type { PageCall } from '../../src/pages/request/read-request.ts';

interface CallOptions {
  readonly method?: 'GET' | 'POST';
  /** The text of a form. */
  readonly form?: string | undefined;
  readonly language?: string | undefined;
}

/** What the gate hands over where a browser asks for this target, or sends a form from a page of the gate. */
export function pageCall(
  target: string,
  { method = 'GET', form, language = 'en' }: CallOptions = {},
): PageCall {
  const address = parsePageAddress(target.split('?', 1)[0] ?? '');
  if (address === undefined) throw new Error(`no page has the address ${target}`);
  return {
    method,
    address,
    target,
    form: form === undefined ? undefined : fieldsOf(form),
    acceptLanguage: language,
    client: {
      address: '192.0.2.1',
      host: 'registry.lan',
      agent: 'a browser',
      cookies: undefined,
      requestId: 'r',
      source: { fetchSite: 'same-origin', origin: undefined },
    },
  };
}

function fieldsOf(form: string): Fields {
  const fields = parseFields(form);
  if (typeof fields === 'string') throw new Error(fields);
  return fields;
}
