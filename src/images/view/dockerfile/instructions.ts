import {
  endOfQuoted,
  readQuoted,
  readRune,
  readWords,
  writeList,
  writeValue,
  type Escape,
} from './go-text.ts';

/** What is known beside the history. */
export interface Known {
  /** The variables and labels of the whole image, by name. */
  readonly values: ReadonlyMap<string, string>;
  readonly escape: Escape;
}

// A history is written by whoever pushes. Each expression here reads a text once: none looks for the end of a run of
// spaces from each place in it again. So `(?<!\s)` stands before `\s+`, and quotes are read by `endOfQuoted`.

/** Lines of a Dockerfile. Those that begin with `#` are comments. */
export type Lines = readonly string[];

type Write = (rest: string, known: Known) => Lines;

const WRITERS: Readonly<Record<string, Write>> = {
  ADD: (rest) => copied('ADD', rest),
  COPY: (rest) => copied('COPY', rest),
  CMD: (rest) => [`CMD ${execForm(rest)}`],
  ENTRYPOINT: (rest) => [`ENTRYPOINT ${execForm(rest)}`],
  ENV: (rest, known) => [`ENV ${pairs(rest, /(?<!\s)\s+(?=[A-Za-z_]\w*=)/, known)}`],
  LABEL: (rest, known) => [`LABEL ${pairs(rest, /(?<!\s)\s+(?=[\w./-]+=)/, known)}`],
  EXPOSE: (rest) => [`EXPOSE ${readWords(rest).join(' ')}`],
  HEALTHCHECK: healthcheck,
  SHELL: (rest) => [`SHELL ${writeList(readWords(rest))}`],
  VOLUME: (rest) => [`VOLUME ${writeList(readWords(rest))}`],
};
/** What stands in a history as it stood in the Dockerfile. */
const PLAIN = ['ARG', 'MAINTAINER', 'ONBUILD', 'STOPSIGNAL', 'USER', 'WORKDIR'];

/** Reads an instruction other than RUN back, as builders write it into a history. Undefined if it is none. */
export function readInstruction(text: string, known: Known): Lines | undefined {
  const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/s.exec(text.trim()) ?? [];
  if (!PLAIN.includes(name) && !Object.hasOwn(WRITERS, name)) return undefined;
  const lines = WRITERS[name]?.(rest.trim(), known) ?? [`${name} ${oneLine(rest)}`];
  const isWhole = (line: string): boolean => line.startsWith('#') || !goesOn(line, known.escape);
  return lines.map((line) => (isWhole(line) ? line : `# Its other lines are not known: ${line}`));
}

/** Whether a line of a Dockerfile takes the next for its own: by an escape at its end, or by a heredoc. */
function goesOn(line: string, escape: Escape): boolean {
  return line.endsWith(escape) || (/^(?:ONBUILD\s+)?(?:ADD|COPY|RUN)\s/i.test(line) && beginsHeredoc(line));
}

/** Whether BuildKit may take a line for the begin of a heredoc (its parser: "ParseHeredoc"). */
export function beginsHeredoc(line: string): boolean {
  return /(?:^|[\s\u0085])\d*<<-?[^\s<]/.test(line);
}

/** A text that can't begin another instruction. */
export function oneLine(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}

/** `file:0123... in /app` of the classic builder names the content, not the source. */
function copied(name: string, rest: string): Lines {
  const [, content, target = ''] = /^((?:file|dir|multi):[0-9a-f]{16,})\s+in\s+(.*)$/s.exec(rest) ?? [];
  if (content === undefined) return [`${name} ${oneLine(rest)}`];
  return [
    `# The name of what was added is not known. Its checksum: ${content}`,
    `${name} ${content} ${oneLine(target)}`,
  ];
}

/** `["a" "b"]`, `&{["a" "b"]}`, JSON, or a line for the shell. */
function execForm(rest: string): string {
  const inner = rest.replace(/^&\{(.*)\}$/s, '$1').trim();
  return /^\[.*\]$/s.test(inner) ? writeList(readWords(inner)) : oneLine(inner);
}

/** `A=1 B=two words`: values are written without quotes, so their ends are known from the image alone. */
function pairs(rest: string, between: RegExp, { values, escape }: Known): string {
  const equals = rest.indexOf('=');
  // The old form: ENV NAME the value.
  if (equals < 0) return oneLine(rest);
  const isWhole = values.get(rest.slice(0, equals)) === rest.slice(equals + 1);
  const parts = isWhole ? [rest] : rest.split(between);
  return parts.map((part) => pair(part, escape)).join(' ');
}

function pair(text: string, escape: Escape): string {
  const equals = text.indexOf('=');
  const value = text.slice(equals + 1);
  const isQuoted = value.startsWith('"') && endOfQuoted(value, 0) === value.length;
  return `${oneLine(text.slice(0, equals))}=${isQuoted ? oneLine(value) : writeValue(value, escape)}`;
}

const FLAGS = ['interval', 'timeout', 'start-period', 'start-interval'];

/** Returns where the bracket stands that ends a list of quoted texts. Undefined if anything else is between them. */
function endOfList(text: string, start: number): number | undefined {
  const next = /\s*(["\]])/y;
  next.lastIndex = start;
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    if (found[1] === ']') return next.lastIndex - 1;
    const end = endOfQuoted(text, next.lastIndex - 1);
    if (end === undefined) return undefined;
    next.lastIndex = end;
  }
  return undefined;
}

/** `&{["CMD-SHELL" "curl localhost"] "30s" "3s" "0s" '\x03'}` (moby: HealthConfig printed with `%q`). */
function healthcheck(rest: string): Lines {
  const ends = rest.startsWith('&{[') ? endOfList(rest, 3) : undefined;
  if (ends === undefined || !rest.endsWith('}')) return [`HEALTHCHECK ${oneLine(rest)}`];
  const [test, options] = [rest.slice(3, ends), rest.slice(ends + 1, -1)];
  const [kind = '', ...words] = readQuoted(test);
  if (kind === 'NONE') return ['HEALTHCHECK NONE'];
  const spans = readQuoted(options);
  const flags = spans.map((span, at) => (/^0s?$/.test(span) ? '' : `--${FLAGS[at] ?? 'unknown'}=${span}`));
  const retries = readRune(options);
  const command = kind === 'CMD-SHELL' ? oneLine(words.join(' ')) : writeList(words);
  const all = ['HEALTHCHECK', ...flags, retries === 0 ? '' : `--retries=${retries}`, `CMD ${command}`];
  return [all.filter((word) => word !== '').join(' ')];
}
