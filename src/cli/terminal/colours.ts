import type { Terminal } from './terminal.ts';

/** Whether to colour standard output: it is a terminal that takes colours, and the user has not set NO_COLOR (no-color.org). */
export function hasColours({ env, isOutTTY }: Pick<Terminal, 'env' | 'isOutTTY'>): boolean {
  return isOutTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof CODES;

/** Returns the text in a colour, or as it is without colours. The text holds no colours of its own. */
export function paint(text: string, colour: Colour, isOn: boolean): string {
  return isOn && text !== '' ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}
