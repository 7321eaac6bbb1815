/** One way to sign in that a server offers (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By lower-case name; the first of several of one name. */
  readonly parameters: ReadonlyMap<string, string>;
}

interface Growing extends Challenge {
  readonly parameters: Map<string, string>;
}

/** `name=value`, quoted or not. */
const PARAMETER = /([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=]+))[ \t]*(?=,|$)/y;
/** A scheme, and the text that stands in place of parameters for some: `Negotiate YII=`. */
const SCHEME = /([A-Za-z][\w-]*)(?:[ \t]+[\w.~+/-]+=*(?=[ \t]*(?:,|$))|(?=[ \t,]|$))/y;
const GAP = /[ \t,]*/y;
/** More is no header that a registry sends. */
const MOST_LENGTH = 16_384;
const MOST_PARTS = 64;

/**
 * Parses `WWW-Authenticate` with all its challenges: `Bearer realm="...",service="...", Basic realm="..."`. A malformed
 * part ends it; what was read before counts.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, MOST_LENGTH);
  const challenges: Growing[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text) ?? undefined;
    if (found !== undefined) at = pattern.lastIndex;
    return found;
  };
  for (let parts = 0; parts < MOST_PARTS; parts += 1) {
    take(GAP);
    const current = challenges.at(-1);
    const parameter = current === undefined ? undefined : take(PARAMETER);
    if (current !== undefined && parameter !== undefined) {
      addParameter(current.parameters, parameter);
      continue;
    }
    const scheme = take(SCHEME)?.[1];
    if (scheme === undefined) break;
    challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
  }
  return challenges;
}

function addParameter(
  parameters: Map<string, string>,
  [, name = '', quoted, token = '']: RegExpExecArray,
): void {
  const key = name.toLowerCase();
  if (!parameters.has(key)) parameters.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? token);
}
