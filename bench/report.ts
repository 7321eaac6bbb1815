import { cpus, loadavg, release, totalmem } from 'node:os';
import { median, type CaseResult, type Sample } from './measure.ts';

/** One side of one case, as it is printed and written. */
export interface Row {
  readonly case: string;
  readonly title: string;
  readonly side: string;
  readonly unit: CaseResult['unit'];
  /** Seconds of processor time for one unit: the median, the least and the most. */
  readonly cpu: number;
  readonly least: number;
  readonly most: number;
  /** Units in a second. */
  readonly rate: number;
  /** Bytes of resident memory at most. */
  readonly peak: number;
  /** Processor time of the first side as a share of this one's: the median of the rounds, each round a pair. */
  readonly ratio: number;
  /** Processors that other programs kept busy meanwhile. */
  readonly others: number;
}

export function rowsOf(result: CaseResult): readonly Row[] {
  const [first = []] = result.samples.values();
  return [...result.samples].map(([side, samples]) => {
    const cpu = samples.map((sample) => sample.cpu);
    return {
      case: result.name,
      title: result.title,
      side,
      unit: result.unit,
      cpu: median(cpu),
      least: Math.min(...cpu),
      most: Math.max(...cpu),
      rate: median(samples.map((sample) => sample.rate)),
      peak: Math.max(...samples.map((sample) => sample.peak)),
      ratio: median(ratios(first, cpu)),
      others: result.others,
    };
  });
}

function ratios(first: readonly Sample[], cpu: readonly number[]): number[] {
  return first.map((sample, round) => sample.cpu / (cpu[round] ?? Number.NaN));
}

const HEAD = ['', 'CPU', 'least', 'most', 'gate takes', 'rate', 'memory'];

/** A table of one case, for reading and for pasting into a document. */
export function tableOf(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const unit = first.unit === 'GB' ? 's/GB' : `µs/${first.unit}`;
  const lines = rows.map((row) => [
    row.side,
    cpuText(row, row.cpu),
    cpuText(row, row.least),
    cpuText(row, row.most),
    row === first ? '' : row.ratio.toFixed(2),
    rateText(row),
    `${Math.round(row.peak / 1e6)} MB`,
  ]);
  const others = `others kept ${first.others.toFixed(2)} processors busy`;
  const head = HEAD.map((name) => (name === 'CPU' ? `CPU ${unit}` : name));
  return `${first.case}: ${first.title} (${others})\n\n${printTable(head, lines)}\n`;
}

/** Lines of cells as a table, the first column to the left, the others to the right. */
export function printTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  const print = (line: readonly string[]): string =>
    `| ${line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, at) =>
    at === 0 ? '-'.repeat(width) : `${'-'.repeat(Math.max(width, 2) - 1)}:`,
  );
  return [head, rule, ...lines].map(print).join('\n');
}

function cpuText({ unit }: Row, seconds: number): string {
  return unit === 'GB' ? seconds.toFixed(2) : String(Math.round(seconds * 1e6));
}

function rateText({ unit, rate }: Row): string {
  return unit === 'GB' ? `${rate.toFixed(2)} GB/s` : `${Math.round(rate)}/s`;
}

/** What all of it ran on. */
export function machine(): Readonly<Record<string, string | number | readonly number[]>> {
  const [cpu] = cpus();
  return {
    processor: cpu?.model.trim() ?? 'unknown',
    processors: cpus().length,
    memory: totalmem(),
    system: `Linux ${release()}`,
    node: process.version,
    load: loadavg(),
  };
}
