import { setImmediate as nextTurn } from 'node:timers/promises';

/** Simple steps, such as a comparison or a look-up, done before other work runs: some milliseconds. */
export const STEPS = 10_000;

/** Sorts texts by UTF-16 code units, in slices between which other work runs. */
export async function sortInSlices(texts: readonly string[]): Promise<string[]> {
  let runs: string[][] = [];
  for (let from = 0; from < texts.length; from += STEPS) {
    if (from > 0) await nextTurn();
    runs.push(texts.slice(from, from + STEPS).sort());
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(await merge(runs[at] ?? [], runs[at + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge(left: readonly string[], right: readonly string[]): Promise<string[]> {
  const merged: string[] = [];
  let at = 0;
  let other = 0;
  while (merged.length < left.length + right.length) {
    const one = left[at];
    const two = right[other];
    if (two === undefined || (one !== undefined && one <= two)) {
      merged.push(one ?? '');
      at += 1;
    } else {
      merged.push(two);
      other += 1;
    }
    if (merged.length % STEPS === 0) await nextTurn();
  }
  return merged;
}

/** Calls a function with each item, in slices between which other work runs. */
export async function forEachInSlices<T>(items: Iterable<T>, action: (item: T) => void): Promise<void> {
  let steps = 0;
  for (const item of items) {
    action(item);
    steps += 1;
    if (steps % STEPS === 0) await nextTurn();
  }
}

/** Renders a list of texts as JSON. */
export async function jsonInSlices(texts: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (let from = 0; from < texts.length; from += STEPS) {
    if (from > 0) await nextTurn();
    parts.push(JSON.stringify(texts.slice(from, from + STEPS)).slice(1, -1));
  }
  return `[${parts.join(',')}]`;
}
