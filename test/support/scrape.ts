import type { TestGate } from './test-gate.ts';

/** One line of a page of metrics. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Where a gate inside this process shows its metrics. */
export function metricsUrl({ log }: Pick<TestGate, 'log'>): string {
  const line = log.find((text) => text.includes('"msg":"metrics"')) ?? '{}';
  const { address, port } = JSON.parse(line) as { readonly address?: string; readonly port?: number };
  if (port === undefined) throw new Error('the gate shows no metrics');
  return `http://${address?.includes(':') === true ? `[${address}]` : address}:${port}/metrics`;
}

/** The lines of the page, apart from its comments. */
export async function scrape(url: string): Promise<readonly ScrapedSample[]> {
  const answer = await fetch(url);
  if (answer.status !== 200) throw new Error(`${url} answers ${answer.status}`);
  return parsePage(await answer.text());
}

/** Throws for a line that is none of the text format of Prometheus (version 0.0.4). */
export function parsePage(text: string): readonly ScrapedSample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const match = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/i.exec(line);
      if (match === null) throw new Error(`no sample: ${line}`);
      const [, name = '', labels = '', value = ''] = match;
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
      return {
        name,
        labels: Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, text])),
        value: Number(value),
      };
    });
}

/** The value of the one sample of this name with these labels among its own; 0 where there is none. */
export function valueOf(
  samples: readonly ScrapedSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name}`);
  return found[0]?.value ?? 0;
}
