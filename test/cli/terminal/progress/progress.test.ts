import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openProgress } from '../../../../src/cli/terminal/progress/progress.ts';
import { renderBar, renderSpan } from '../../../../src/cli/terminal/progress/render-progress.ts';
import { recordingTerminal, type RecordingTerminalOptions } from '../../../support/terminal.ts';

const ESCAPE = String.fromCodePoint(27);

describe('a bar', () => {
  const half = { label: '0123456789ab', done: 5_000_000, total: 10_000_000, rate: 1_000_000 };
  it.each([
    {
      columns: 100,
      line: '0123456789ab  [===================>                  ]   50%  5MB/10MB  1MB/s  5s left',
    },
    { columns: 60, line: '0123456789ab  [=====>     ]   50%  5MB/10MB  1MB/s  5s left' },
    { columns: 50, line: '0123456789ab   50%  5MB/10MB  1MB/s  5s left' },
    { columns: 20, line: '0123456789ab   50%  ' },
    { columns: 0, line: '' },
  ])('fits into $columns columns', ({ columns, line }) => {
    expect(renderBar(half, columns).length).toBeLessThanOrEqual(columns);
    expect(renderBar(half, columns)).toBe(line);
  });

  it.each([
    { done: 0, total: 0, line: /\[=+\] {2}100% {2}0B\/0B$/ },
    { done: 0, total: 5, line: /\[> +\] {4}0% {2}0B\/5B$/ },
    { done: 9, total: 5, line: /\[=+\] {2}100% {2}9B\/5B$/ },
    { done: 5, total: 5, rate: 3, line: /100% {2}5B\/5B {2}3B\/s$/ },
    { done: 1, total: 5, rate: 0, line: /20% {2}1B\/5B {2}0B\/s$/ },
  ])('of $done of $total bytes', ({ line, ...bar }) => {
    expect(renderBar({ label: 'total', ...bar }, 80)).toMatch(line);
  });

  it.each([
    [0.2, '1s'],
    [59, '59s'],
    [61, '1m01s'],
    [3600, '1h00m'],
    [7265, '2h01m'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(renderSpan(seconds)).toBe(text);
  });
});

describe('progress', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function copyOne(options: RecordingTerminalOptions, isQuiet = false): string {
    const terminal = recordingTerminal(options);
    const progress = openProgress({ terminal, isQuiet, now: () => Date.now() });
    progress.expect(3_000_000);
    progress.begin('a', 'aaaaaaaaaaaa', 2_000_000);
    for (let step = 0; step < 4; step += 1) {
      progress.moved('a', 500_000);
      vi.advanceTimersByTime(5000);
    }
    progress.say('a note\n');
    progress.end('a', 'copied', 2_000_000);
    progress.end('b', 'already there', 1_000_000);
    vi.advanceTimersByTime(200);
    progress.close();
    vi.advanceTimersByTime(10_000);
    return terminal.stderr();
  }

  it('draws bars on a terminal, and takes them away', () => {
    const text = copyOne({ errColumns: 80 });
    expect(text).toMatch(/aaaaaaaaaaaa {2}\[=+> +\] {3}50% {2}1MB\/2MB\n/);
    expect(text).toMatch(/total {9}\[=+> +\] {3}33% {2}1MB\/3MB {2}\d+kB\/s {2}\d+s left\n/);
    expect(text).toContain('\u001b[2A\u001b[0Ja note\n');
    expect(text.endsWith('\u001b[1A\u001b[0J')).toBe(true);
  });

  it.each([
    { name: 'a pipe', options: {} },
    { name: 'NO_COLOR', options: { errColumns: 80, env: { NO_COLOR: '1' } } },
    { name: 'a dumb terminal', options: { errColumns: 80, env: { TERM: 'dumb' } } },
  ])('writes lines without control codes for $name', ({ options }) => {
    const text = copyOne(options);
    expect(text).not.toContain(ESCAPE);
    expect(text).toBe('total  50%  1.5MB/3MB  200kB/s  8s left\na note\naaaaaaaaaaaa copied 2MB\n');
  });

  it('says nothing but messages if it is to be quiet', () => {
    expect(copyOne({ errColumns: 80 }, true)).toBe('a note\n');
  });
});
