import type { Figures } from '../support/hostile.ts';

/** What came of one part. */
export interface Outcome {
  readonly name: string;
  readonly date: string;
  readonly size: 'full' | 'small';
  readonly node: string;
  readonly about: string;
  /** Programs that are not installed: what needs them was left out. */
  readonly missing: readonly string[];
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly figures: readonly { readonly part: string; readonly figures: Figures }[];
}

/** The figures as a page of Markdown, which a terminal shows as well as a browser. */
export function renderPage(parts: readonly Outcome[]): string {
  const table = [
    '| part | what | when | size | Node | tests passed | failed | seconds |',
    '| --- | --- | --- | --- | --- | ---: | ---: | ---: |',
    ...parts.map(
      ({ name, about, date, size, node, passed, failed, seconds, missing }) =>
        `| ${name} | ${about}${missing.length === 0 ? '' : ` (left out, not installed: ${missing.join(', ')})`} | ${date} | ${size} | ${node} | ${passed} | ${failed} | ${seconds} |`,
    ),
  ];
  const figures = [
    '| attack | figures |',
    '| --- | --- |',
    ...parts.flatMap((part) => part.figures.map((it) => `| ${it.part} | ${renderFigures(it.figures)} |`)),
  ];
  return [
    '# Figures of the attacks',
    '',
    'Each part as it was last run; to run them again: `npm run test:hostile -- --json docs/security-figures.json --page docs/security-figures.md`.',
    '',
    ...table,
    '',
    ...figures,
    '',
  ].join('\n');
}

function renderFigures(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}: ${typeof value === 'number' ? value.toLocaleString('en') : value}`)
    .join(', ');
}
