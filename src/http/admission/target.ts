import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

const LONGEST_TARGET = 8192;
/** pchar, "/" and "?" of RFC 3986, less nothing that a registry uses. `#`, `\`, quotes, braces, controls and non-ASCII are out. */
const TARGET = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*$/;
/** Whatever a server behind us might fold into another path: `//`, `/.`, `/..`, a path parameter. */
const FOLDABLE = /\/\/|\/\.|;/;
/** An escape other than `%3A`, the one that some clients write into a digest. */
const ESCAPE = /%(?!3[Aa])/;

/**
 * The form of a request target (RFC 9112 section 3.2): origin-form, or `*` with OPTIONS. Nothing is decoded or
 * normalised: a path that would have to be is refused. Absolute-form is for forward proxies and refused likewise.
 */
export function judgeTarget(method: string, target: string): Refusal | undefined {
  if (target === '*' && method === 'OPTIONS') return undefined;
  if (target.length > LONGEST_TARGET)
    return refuse(414, 'UNSUPPORTED', 'The request target is longer than 8 KiB.');
  if (!TARGET.test(target))
    return refuse(400, 'NAME_INVALID', 'The request target holds characters that no registry path needs.');
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (FOLDABLE.test(path) || ESCAPE.test(path)) {
    return refuse(
      400,
      'NAME_INVALID',
      'The path is not in its plain form: no escapes, no empty or dotted segments.',
    );
  }
  return undefined;
}
