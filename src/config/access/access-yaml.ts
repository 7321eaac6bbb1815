import { isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import type { Problem } from '../problem.ts';

const LARGEST_CHARACTERS = 4 * 1024 * 1024;
const QUOTE = 'put what begins with *, ! or $ in quotes';

type Path = readonly (string | number)[];

/** A YAML file as plain values, and the line of each. */
export interface YamlTree {
  /** Maps, lists and texts: nothing is read as a number, a truth or nothing. */
  readonly value: unknown;
  /** `access.yml:4`, of the key or the item at a path, or of the nearest that is there. */
  where(path: Path): string;
}

type YamlResult =
  | { readonly ok: true; readonly tree: YamlTree }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads YAML in which every scalar is a text, so that a user called 007 or true stays who he is. No tags and no aliases:
 * what looks like one is a pattern whose quotes were forgotten.
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
    found.push({ reason: `invalid YAML: ${what} stands without quotes (${QUOTE})`, offset: pos[0] });
  }
  visit(document, {
    Alias: (_key, alias) => {
      found.push({
        reason: `invalid YAML: *${alias.source} stands without quotes (${QUOTE})`,
        offset: alias.range?.[0] ?? 0,
      });
    },
  });
  return found;
}

/** One mistake makes the parser stumble many times. */
function firstOfEachLine(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string | undefined>();
  return problems.filter(({ where }) => !seen.has(where) && seen.add(where));
}

/** Where the last step of the path stands that is there: of a pair, its key. */
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
