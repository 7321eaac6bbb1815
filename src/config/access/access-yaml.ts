import { isNode, isPair, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { firstOfEachLine, type Problem } from '../problem.ts';

const LARGEST_CHARACTERS = 4 * 1024 * 1024;
const QUOTE = 'quote a text that begins with *, ! or $';

type Path = readonly (string | number)[];

/** A YAML file as plain values, and the line of each value. */
export interface YamlTree {
  /** Maps, lists and strings: no value is read as a number, boolean or null. */
  readonly value: unknown;
  /** The position of the key or item at a path, or of the nearest one that exists: `access.yml:4`. */
  where(path: Path): string;
}

type YamlResult =
  | { readonly ok: true; readonly tree: YamlTree }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads YAML in which every scalar is a string, so that a user can be called 007 or true. Refuses tags and aliases: what
 * looks like one is a pattern without quotes.
 */
export function readYamlTree(fileName: string, text: string): YamlResult {
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const whole = (reason: string): YamlResult => ({
    ok: false,
    problems: [{ path: '', reason, where: `${fileName}:1` }],
  });
  if (text.length > LARGEST_CHARACTERS) return whole('the file is larger than 4 MiB');
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
      schema: 'failsafe',
      stringKeys: true,
    });
    const broken = brokenParts(document).map(({ reason, offset }): Problem => ({
      path: '',
      reason,
      where: `${fileName}:${lineAt(offset)}`,
    }));
    if (broken.length > 0) return { ok: false, problems: firstOfEachLine(broken) };
    const where = (path: Path): string => `${fileName}:${lineAt(offsetAt(document, path))}`;
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    return { ok: true, tree: { value, where } };
  } catch (error) {
    return whole(`can't be read as YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Finding {
  readonly reason: string;
  readonly offset: number;
}

function brokenParts(document: Document.Parsed): Finding[] {
  const found = document.errors.map(({ code, message, pos }): Finding => {
    const what = code === 'MULTIPLE_DOCS' ? 'more than one document in the file' : message;
    return { reason: `invalid YAML: ${what} (${QUOTE})`, offset: pos[0] };
  });
  for (const { code, message, pos } of document.warnings) {
    const what = code === 'TAG_RESOLVE_FAILED' ? message.replace('Unresolved tag: ', '') : message;
    found.push({ reason: `invalid YAML: ${what} is not quoted (${QUOTE})`, offset: pos[0] });
  }
  visit(document, {
    Alias: (_key, alias) => {
      found.push({
        reason: `invalid YAML: *${alias.source} is not quoted (${QUOTE})`,
        offset: alias.range?.[0] ?? 0,
      });
    },
  });
  return found;
}

/** The offset of the last step of the path that exists; of a pair, that of its key. */
function offsetAt(document: Document.Parsed, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const steps = path.slice(0, length);
    const parent: unknown = document.getIn(steps.slice(0, -1), true);
    const found = keyOrItem(parent, steps.at(-1) ?? '');
    if (found !== undefined) return found;
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0;
}

function keyOrItem(parent: unknown, step: string | number): number | undefined {
  if (!isNode(parent) || !('items' in parent) || !Array.isArray(parent.items)) return undefined;
  const items: readonly unknown[] = parent.items;
  const item =
    typeof step === 'number'
      ? items[step]
      : items.flatMap((it) => (isPair(it) && isScalar(it.key) && it.key.value === step ? [it.key] : []))[0];
  return isNode(item) ? (item.range?.[0] ?? undefined) : undefined;
}
