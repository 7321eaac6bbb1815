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

/** Takes the block of a name out of a text, whatever it holds: the marks are ours. */
export function withoutBlock(text: string, name: string): string {
  const [first, last] = marks(name);
  const lines = text.split('\n');
  const from = lines.indexOf(first);
  const to = lines.indexOf(last, from);
  return from === -1 || to === -1 ? text : lines.toSpliced(from, to - from + 1).join('\n');
}

function marks(name: string): readonly [string, string] {
  return [`# registry-gate: begin ${name}`, `# registry-gate: end ${name}`];
}
