import { describeOptions } from './options.ts';
import type { Config } from './schema/schema.ts';

/** The paths of the options whose values differ, in the order of the reference. */
export function changedOptions(before: Config, after: Config): readonly string[] {
  return describeOptions()
    .map(({ path }) => path)
    .filter((path) => textOf(before, path) !== textOf(after, path));
}

function textOf(config: Config, path: string): string | undefined {
  const value = path
    .split('.')
    .reduce<unknown>((inner, key) => new Map(Object.entries(Object(inner))).get(key), config);
  return JSON.stringify(value);
}
