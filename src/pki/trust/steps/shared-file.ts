import { AppError } from '../../../lib/errors.ts';
import type { SharedPart } from '../stores/store.ts';
import { insertBlock, withoutBlock } from './block.ts';

/** Edits a YAML file, and leaves everything else in it as it stands: comments, order, quotes. */
export interface YamlEditor {
  /** The text at a key; undefined if there is none. */
  read(text: string, at: readonly string[]): string | undefined;
  /** The file with a text at a key. */
  put(text: string, at: readonly string[], value: string): string;
  /** The file without that key, and without the keys that are empty then; '' if nothing is left. */
  take(text: string, at: readonly string[]): string;
}

interface SharedFile {
  readonly path: string;
  readonly part: SharedPart;
  /** The present content; '' if the file does not exist. */
  readonly text: string;
  readonly yaml: YamlEditor | undefined;
}

/** The content of a file with our part in it. Throws AppError TRUST_FAILED if somebody else's stands there, unless `force` is set. */
export function withPart({ path, part, text, yaml }: SharedFile, force: boolean): string {
  if (part.kind === 'block') {
    if (part.clash !== undefined && withoutBlock(text, part.name).includes(part.clash))
      throw taken(path, part, false);
    return insertBlock(text, part);
  }
  if (yaml === undefined) throw taken(path, part, false);
  const found = yaml.read(text, part.at);
  if (found === part.value) return text;
  if (found !== undefined && !force) throw taken(path, part, true);
  return yaml.put(text, part.at, part.value);
}

/** The content of a file without our part; '' if nothing is left. What others have put in its place stays. */
export function withoutPart({ part, text, yaml }: SharedFile): string {
  if (part.kind === 'block') return withoutBlock(text, part.name);
  if (yaml === undefined || yaml.read(text, part.at) !== part.value) return text;
  return yaml.take(text, part.at);
}

/** A part as lines to read, or to write by hand. */
export function partAsText(part: SharedPart): string {
  if (part.kind === 'block') return part.content;
  const lines = part.at.map((key, depth) => `${'  '.repeat(depth)}${yamlKey(key)}:`);
  return `${lines.join('\n')} ${JSON.stringify(part.value)}\n`;
}

function yamlKey(key: string): string {
  return /^[a-z_]+$/.test(key) ? key : JSON.stringify(key);
}

function taken(path: string, part: SharedPart, isForcible: boolean): AppError {
  const lines = partAsText(part).trimEnd();
  return new AppError('TRUST_FAILED', {
    message: `${path} already has a setting for this registry. Nothing was changed.`,
    hint: `Make it say:\n${lines}\n${isForcible ? 'To have it replaced, add --force.' : ''}`.trimEnd(),
  });
}
