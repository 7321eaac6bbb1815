import type { SharedPart } from '../stores/store.ts';

type Block = SharedPart & { readonly kind: 'block' };

/** Puts a block at the end of a text, or in the place of an older block of that name. */
export function insertBlock(text: string, { name, content }: Block): string {
  const [first, last] = marks(name);
  const block = `${first}\n${content.replace(/\n*$/, '\n')}${last}\n`;
  const without = withoutBlock(text, name);
  const gap = without === '' || without.endsWith('\n') ? '' : '\n';
  return `${without}${gap}${block}`;
}

/** Takes the block of a name out of a text, whatever it holds: the marks are ours. A first mark without its last one is no block: what follows it stays. */
export function withoutBlock(text: string, name: string): string {
  const [first, last] = marks(name);
  const lines = text.split('\n');
  const to = lines.findIndex((line, at) => line === last && lines.lastIndexOf(first, at) !== -1);
  if (to === -1) return text;
  const from = lines.lastIndexOf(first, to);
  return lines.toSpliced(from, to - from + 1).join('\n');
}

function marks(name: string): readonly [string, string] {
  return [`# registry-gate: begin ${name}`, `# registry-gate: end ${name}`];
}
