/**
 * Calls a function for each item, a few at a time, and hands the results over in the order of the items. Items are taken
 * only as results are: no more than `atOnce` are held.
 */
export async function* mapInOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  action: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const waiting: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = action(item);
      // A result that is waited for later must not end the process before that.
      result.catch(() => undefined);
      waiting.push(result);
      const first = waiting.length >= atOnce ? waiting.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) yield await first;
  } finally {
    await Promise.allSettled(waiting);
  }
}
