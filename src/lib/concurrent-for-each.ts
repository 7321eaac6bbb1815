const AT_ONCE = 8;

/** Calls an action for each item, a few at a time, so that a disk stays busy. Rejects with the first failure. */
export async function concurrentForEach<T>(
  items: Iterable<T> | AsyncIterable<T>,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failed = false;
  const work = async (): Promise<void> => {
    for (;;) {
      const next = await iterator.next();
      if (next.done === true || failed) return;
      await action(next.value);
    }
  };
  const lanes = Array.from({ length: AT_ONCE }, () =>
    work().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  const results = await Promise.allSettled(lanes);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
