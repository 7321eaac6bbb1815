import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, parseDocument, type Document } from 'yaml';
import { AppError } from '../lib/errors.ts';

type Path = readonly string[];

/**
 * Edits one key of somebody's YAML file. Where the keys stand in lines of their own, only these lines change; where
 * they stand in braces, the library writes the file anew, with its comments. Throws AppError TRUST_FAILED for a text
 * that is not YAML with keys.
 */
export const yamlEditor = {
  /** The text at a key; undefined if there is none. */
  read(text: string, at: Path): string | undefined {
    const value: unknown = documentOf(text).getIn(at);
    return value === undefined ? undefined : String(value);
  },

  put(text: string, at: Path, value: string): string {
    const document = documentOf(text);
    const added = withLines(text, document, at, value);
    document.setIn(at, value);
    return firstThatSays(document, [added]);
  },

  /** Without the key, and without the keys above it that are empty then; '' if nothing is left. */
  take(text: string, at: Path): string {
    const document = documentOf(text);
    const depth = depthToTake(document, at);
    const cut = withoutLines(text, document, at, depth);
    document.deleteIn(at.slice(0, depth));
    const { contents } = document;
    const isEmpty = isMap(contents) && contents.items.length === 0;
    if (!isEmpty) return firstThatSays(document, [cut]);
    return cut === undefined || documentOf(cut).contents !== null ? '' : cut;
  },
};

/** The first candidate that means what the document means, else the document as the library writes it. */
function firstThatSays(document: Document, candidates: readonly (string | undefined)[]): string {
  const wanted: unknown = document.toJS();
  const found = candidates.find((text) => text !== undefined && says(text, wanted));
  return found ?? document.toString({ lineWidth: 0 });
}

function says(text: string, wanted: unknown): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), wanted);
}

/** Puts lines before the first key of the innermost map that exists. */
function withLines(text: string, document: Document, at: Path, value: string): string | undefined {
  const depth = at.findLastIndex((_key, depth) => isMap(document.getIn(at.slice(0, depth), true)));
  const map = depth <= 0 ? document.contents : document.getIn(at.slice(0, depth), true);
  const [first] = isMap(map) ? map.items : [];
  const start = first === undefined ? text.length : offsetOf(first.key);
  const from = first === undefined ? start : lineStart(text, start);
  const indent = text.slice(from, start);
  if (indent.trim() !== '') return undefined;
  const missing = at.slice(Math.max(depth, 0));
  const lines = missing.map((key, level) => `${indent}${'  '.repeat(level)}${keyText(key)}:`);
  const gap = from === 0 || text[from - 1] === '\n' ? '' : '\n';
  return `${text.slice(0, from)}${gap}${lines.join('\n')} ${JSON.stringify(value)}\n${text.slice(from)}`;
}

function withoutLines(text: string, document: Document, at: Path, depth: number): string | undefined {
  const parent = depth === 1 ? document.contents : document.getIn(at.slice(0, depth - 1), true);
  const pair = isMap(parent) ? parent.items.find(({ key }) => String(key) === at[depth - 1]) : undefined;
  const value = document.getIn(at, true);
  if (pair === undefined || !isNode(value) || !value.range) return undefined;
  const end = text.indexOf('\n', value.range[1]);
  return text.slice(0, lineStart(text, offsetOf(pair.key))) + (end === -1 ? '' : text.slice(end + 1));
}

/** How many keys of a path lead to the outermost one that has nothing but the last. */
function depthToTake(document: Document, at: Path): number {
  for (let depth = at.length - 1; depth > 0; depth -= 1) {
    const node = document.getIn(at.slice(0, depth), true);
    if (!isMap(node) || node.items.length > 1) return depth + 1;
  }
  return 1;
}

function keyText(key: string): string {
  return /^[a-z_]+$/.test(key) ? key : JSON.stringify(key);
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function documentOf(text: string): Document {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error === undefined && (document.contents === null || isMap(document.contents))) return document;
  throw new AppError('TRUST_FAILED', {
    message: `The file is not YAML with keys (${error?.message ?? 'it holds something else'}). Nothing was changed.`,
    hint: 'Correct the file, or move it away, then run the same again.',
  });
}
