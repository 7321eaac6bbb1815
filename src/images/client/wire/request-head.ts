import { WireError } from './wire-error.ts';

/** What is sent, and where to. */
interface RequestHead {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Renders the head of a request (RFC 9112 sections 3 and 5) for latin1. Throws WireError for a field that would be another one. */
export function renderHead({ method, url, headers }: RequestHead): string {
  let head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (!NAME.test(name) || !VALUE.test(value))
      throw new WireError('ERR_FIELD_INVALID', `the field ${JSON.stringify(name)} can't be sent`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}
