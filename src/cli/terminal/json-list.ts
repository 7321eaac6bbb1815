import { printableJson } from '../../lib/printable.ts';
import type { Terminal } from './terminal.ts';

/** Prints the values of a JSON array as they come, one a line. */
interface JsonListWriter {
  /** Resolves when the reader has taken the value; false if nobody reads any more. */
  item(value: unknown): Promise<boolean>;
  end(): void;
}

/** Opens a JSON array on standard output. Without `end` it is not valid JSON: a list that broke off is not seen as whole. */
export function openJsonList(terminal: Pick<Terminal, 'out' | 'outTaken'>): JsonListWriter {
  let isFirst = true;
  return {
    item: async (value) => {
      terminal.out(`${isFirst ? '[\n' : ',\n'}${printableJson(value)}`);
      isFirst = false;
      return (await terminal.outTaken?.()) ?? true;
    },
    end: () => terminal.out(isFirst ? '[]\n' : '\n]\n'),
  };
}
