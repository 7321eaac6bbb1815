import { dirname, isAbsolute, join } from 'node:path';
import { isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, YAMLMap } from 'yaml';
import { unknownKey } from './closest.ts';
import type { OptionRow } from './options.ts';
import { firstOfEachLine, type Problem } from './problem.ts';
import type { Given, Source } from './source.ts';

const LARGEST_CHARACTERS = 1024 * 1024;

interface YamlFile {
  readonly fileName: string;
  readonly text: string;
}

/** A problem at one position of the file. */
interface Finding {
  readonly path: string;
  readonly reason: string;
  readonly offset: number;
}

interface WrittenKey {
  readonly path: string;
  /** The option; undefined if the key is unknown. */
  readonly row: OptionRow | undefined;
  readonly node: unknown;
  readonly offset: number;
}

/**
 * Reads registry-gate.yml: YAML 1.2, one document, no duplicate keys, no tags, no aliases (which can expand without
 * limit). A key without a value counts as absent. Relative paths are relative to the directory of the file.
 */
export function readYaml({ fileName, text }: YamlFile, rows: readonly OptionRow[]): Source {
  const lines = new LineCounter();
  const where = (offset: number): string => `${fileName}:${Math.max(1, lines.linePos(offset).line)}`;
  const problem = ({ path, reason, offset }: Finding): Problem => ({ path, reason, where: where(offset) });

  const document = parse(text, lines);
  if (typeof document === 'string') return { values: new Map(), problems: [problem(whole(document))] };
  const broken = brokenParts(document);
  if (broken.length > 0) return { values: new Map(), problems: firstOfEachLine(broken.map(problem)) };

  const entries = entriesOf(document, rows);
  const values = entries.flatMap(({ row, node, offset }): [string, Given][] => {
    if (row === undefined || !isNode(node)) return [];
    const value: unknown = node.toJS(document, { maxAliasCount: 0 });
    const given = row.kind === 'path' ? beside(fileName, value) : besideEmbedded(fileName, value);
    return [[row.path, { value: given, where: where(offset) }]];
  });
  const strays = entries.filter(({ row }) => row === undefined);
  return { values: new Map(values), problems: strays.map((entry) => problem(explainStray(entry, rows))) };
}

/** The document, or the reason why the text is not one. */
function parse(text: string, lineCounter: LineCounter): Document.Parsed | string {
  if (text.length > LARGEST_CHARACTERS)
    return 'the file is larger than 1 MiB, the limit of a configuration file';
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  } catch (error) {
    return `can't be read as YAML: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function brokenParts(document: Document.Parsed): Finding[] {
  const found = [...document.errors, ...document.warnings].map(({ code, message, pos }): Finding => {
    const what = code === 'MULTIPLE_DOCS' ? 'more than one document in the file' : message;
    return { path: '', reason: `invalid YAML: ${what}`, offset: pos[0] };
  });
  visit(document, {
    Alias: (_key, alias) => {
      const reason = `the alias *${alias.source} isn't supported, write the value out`;
      found.push({ path: '', reason, offset: offsetOf(alias) });
    },
  });
  const { contents } = document;
  if (!isMap(contents) && !isNothing(contents)) {
    found.push(whole('the file must hold keys and values, like "certs: ./certs"'));
  }
  return found;
}

function whole(reason: string): Finding {
  return { path: '', reason, offset: 0 };
}

/** The options and unknown keys of the file, without those that have no value. */
function entriesOf(document: Document.Parsed, rows: readonly OptionRow[]): WrittenKey[] {
  const walk = (map: YAMLMap, prefix: string): WrittenKey[] =>
    map.items.flatMap(({ key, value }): WrittenKey[] => {
      const name = isScalar(key) ? String(key.value) : '?';
      const path = `${prefix}${name}`;
      const isGroup = isGroupOf(rows, path);
      if (isGroup && isMap(value)) return walk(value, `${path}.`);
      const row = name.includes('.') ? undefined : rows.find((row) => row.path === path);
      const isEmptied = isNothing(value) && (isGroup || row !== undefined);
      return isEmptied ? [] : [{ path, row, node: value, offset: offsetOf(key) }];
    });
  return isMap(document.contents) ? walk(document.contents, '') : [];
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function isGroupOf(rows: readonly OptionRow[], path: string): boolean {
  return rows.some((row) => row.path.startsWith(`${path}.`));
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

function explainStray({ path, offset }: WrittenKey, rows: readonly OptionRow[]): Finding {
  if (isGroupOf(rows, path))
    return { path, reason: 'must hold further keys, indented on the following lines', offset };
  const names = rows.map((row) => row.path);
  const reason = names.includes(path)
    ? 'is written with a dot; put each level on a line of its own'
    : unknownKey(path, names);
  return { path, reason, offset };
}

/** Resolves a path from the directory of the file. `-` is a stream, not a path. */
function beside(fileName: string, value: unknown): unknown {
  if (typeof value !== 'string' || value === '' || value === '-' || isAbsolute(value)) return value;
  const directory = dirname(fileName);
  return directory === '.' ? value : join(directory, value);
}

/** The one path that follows a scheme. */
function besideEmbedded(fileName: string, value: unknown): unknown {
  const directory = typeof value === 'string' ? /^embedded:(.+)$/i.exec(value)?.[1] : undefined;
  return directory === undefined ? value : `embedded:${String(beside(fileName, directory))}`;
}
