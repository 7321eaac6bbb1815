import { printable } from '../lib/printable.ts';
import type { AuditFields } from './log/chain.ts';

const COLUMNS = [20, 8, 11, 16, 16] as const;
const HEAD = ['TIME (UTC)', 'EVENT', 'RESULT', 'WHO', 'FROM', 'WHAT'];

/** Returns the head of the table. */
export function tableHead(): string {
  return rowOf(HEAD);
}

/** Renders one line of the audit log for a person. The column widths are fixed, since later lines are not known yet. */
export function tableRow(fields: AuditFields): string {
  const text = (name: string): string => printable(fields[name]);
  return rowOf([
    text('time').slice(0, 19).replace('T', ' '),
    text('event'),
    text('result'),
    text('user') || (fields['signedInBy'] === 'anonymous' ? 'anonymous' : '-'),
    text('address') || '-',
    whatOf(fields),
  ]);
}

function rowOf(cells: readonly string[]): string {
  const line = cells.map((cell, column) => cell.padEnd(COLUMNS[column] ?? 0)).join('  ');
  return `${line.trimEnd()}\n`;
}

function whatOf(fields: AuditFields): string {
  const text = (name: string): string => printable(fields[name]);
  const tag = text('tag');
  const name = `${text('repository')}${tag === '' ? '' : `:${tag}`}`;
  const digest = text('digest').replace(/^(\w+:\w{12})\w*$/, '$1');
  const words = [
    name,
    digest,
    layersOf(fields['layers']),
    bytesOf(fields['bytes']),
    text('token'),
    text('action'),
    text('target'),
    text('part'),
    text('reason'),
    timesOf(fields['requests']),
  ];
  return words.filter((word) => word !== '').join(' ');
}

function layersOf(layers: unknown): string {
  const counts = Object.entries(Object(layers)).filter(([, count]) => typeof count === 'number' && count > 0);
  return counts.length === 0
    ? ''
    : `(${counts.map(([name, count]) => `${String(count)} ${name}`).join(', ')})`;
}

function bytesOf(bytes: unknown): string {
  return typeof bytes === 'number' ? `${(bytes / 1e6).toFixed(1)} MB` : '';
}

function timesOf(requests: unknown): string {
  return typeof requests === 'number' && requests > 1 ? `${requests} times` : '';
}
