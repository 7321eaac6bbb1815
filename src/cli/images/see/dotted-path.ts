import { AppError } from '../../../lib/errors.ts';

/**
 * Finds a value by a dotted path: `Config.Env`, `RootFS.Layers.0`, `Config.Labels.org.opencontainers.image.version`. The
 * simple templates of docker mean the same: `{{.Config.Env}}`, `{{json .Config}}`. Throws AppError USAGE.
 */
export function findByPath(value: unknown, path: string): unknown {
  const plain = path.replace(/^\{\{\s*(?:json\s+)?\.?(.*?)\s*\}\}$/s, '$1').replace(/^\./, '');
  const parts = plain === '' ? [] : plain.split('.');
  let current = value;
  while (parts.length > 0) {
    const step = takeStep(current, parts);
    if (step === undefined) throw noMember(current, parts.join('.'), path);
    current = step.value;
    parts.splice(0, step.length);
  }
  return current;
}

/** The longest name that is there: names of labels have dots. */
function takeStep(
  value: unknown,
  parts: readonly string[],
): { readonly value: unknown; readonly length: number } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  for (let length = parts.length; length > 0; length -= 1) {
    const name = parts.slice(0, length).join('.');
    if (members.has(name)) return { value: members.get(name), length };
  }
  return undefined;
}

function noMember(value: unknown, name: string, path: string): AppError {
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return new AppError('USAGE', {
    message: `The image has nothing at ${JSON.stringify(name)} of ${JSON.stringify(path)}.`,
    hint:
      names.length === 0
        ? 'A path is like Config.Env or RootFS.Layers.0'
        : `There is: ${names.slice(0, 40).join(', ')}`,
  });
}
