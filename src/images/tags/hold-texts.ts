import { AppError } from '../../lib/errors.ts';
import { bytesOfText, ownText } from '../../lib/own-text.ts';

/** The most memory for what is held to be sorted, in bytes: the names of some 400,000 tags. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;

/** Collects names to sort them. Throws AppError USAGE if they take more than `most` bytes of memory. */
export async function holdTexts(texts: AsyncIterable<string>, most?: number): Promise<readonly string[]> {
  return (await hold(texts, bytesOfText, most)).map(ownText);
}

/** Collects items to sort them. Throws AppError USAGE if they take more than `most` bytes of memory. */
export async function hold<T>(
  items: AsyncIterable<T>,
  bytesOf: (item: T) => number,
  most: number = MOST_HELD_BYTES,
): Promise<readonly T[]> {
  const held: T[] = [];
  let bytes = 0;
  for await (const item of items) {
    bytes += bytesOf(item);
    if (bytes > most)
      throw new AppError('USAGE', {
        message: `There is too much to sort: more than ${held.length} entries.`,
        hint: 'Print them in the order of the registry: --sort none',
      });
    held.push(item);
  }
  return held;
}
