import { describe, expect, it } from 'vitest';
import { renderAge, renderSize } from '../../../src/cli/terminal/amounts.ts';
import { openJsonList } from '../../../src/cli/terminal/json-list.ts';
import { openTable, printTable, type Column } from '../../../src/cli/terminal/table.ts';
import { recordingTerminal } from '../../support/terminal.ts';

const COLUMNS: readonly Column[] = [
  { title: 'TAG' },
  { title: 'SIZE', align: 'right' },
  { title: 'CREATED BY', cut: true },
];
const ROWS = [
  ['1.0', '5.59MB', '/bin/sh -c apk add --no-cache curl'],
  ['edge\u001b[31m', '0B', 'a\tb'],
];
const NO_COLOUR = { NO_COLOR: '1' };

describe('a table', () => {
  it('has heads and columns on a terminal, cut to its width', () => {
    const terminal = recordingTerminal({ isOutTTY: true, env: NO_COLOUR, columns: 40 });
    printTable(terminal, COLUMNS, ROWS);
    expect(terminal.stdout().split('\n')).toEqual([
      'TAG          SIZE  CREATED BY',
      '1.0        5.59MB  /bin/sh -c apk add -…',
      'edge?[31m      0B  a?b',
      '',
    ]);
  });

  it('is tab-separated elsewhere, whole and without heads', () => {
    const terminal = recordingTerminal({ columns: 10 });
    printTable(terminal, COLUMNS, ROWS);
    expect(terminal.stdout()).toBe('1.0\t5.59MB\t/bin/sh -c apk add --no-cache curl\nedge?[31m\t0B\ta?b\n');
  });

  it('is the same when its rows come one by one', async () => {
    for (const isOutTTY of [true, false]) {
      const [whole, streamed] = [recordingTerminal({ isOutTTY }), recordingTerminal({ isOutTTY })];
      printTable(whole, COLUMNS, ROWS);
      const table = openTable(streamed, COLUMNS);
      for (const row of ROWS) expect(await table.row(row)).toBe(true);
      table.end();
      expect(streamed.stdout()).toBe(whole.stdout());
    }
  });

  it('prints on after the rows that are held', async () => {
    const terminal = recordingTerminal({ isOutTTY: true });
    const table = openTable(terminal, [{ title: 'TAG' }]);
    for (let i = 0; i < 250; i += 1) await table.row([`t${i}`]);
    expect(terminal.stdout()).toContain('t249\n');
    table.end();
    expect(terminal.stdout().match(/t\d+\n/g)).toHaveLength(250);
    expect(terminal.stdout().match(/TAG/g)).toHaveLength(1);
  });

  it('has colours on a terminal without NO_COLOR', () => {
    const columns: readonly Column[] = [{ title: 'TAG', colour: 'cyan' }];
    const texts = [{ isOutTTY: true }, { isOutTTY: true, env: NO_COLOUR }, {}].map((options) => {
      const terminal = recordingTerminal(options);
      printTable(terminal, columns, [['1']]);
      return terminal.stdout();
    });
    expect(texts).toEqual(['\u001b[1mTAG\u001b[0m\n\u001b[36m1\u001b[0m\n', 'TAG\n1\n', '1\n']);
  });
});

describe('a list in JSON', () => {
  it.each([0, 1, 3])('of %d values is valid, one a line', async (count) => {
    const terminal = recordingTerminal();
    const list = openJsonList(terminal);
    const values = Array.from({ length: count }, (_none, at) => ({ at, text: '\u202e' }));
    for (const value of values) await list.item(value);
    list.end();
    expect(JSON.parse(terminal.stdout())).toEqual(values);
    expect(terminal.stdout()).not.toContain('\u202e');
  });
});

describe('amounts are rendered as docker does', () => {
  it.each([
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [5_591_300, '5.59MB'],
    [77_800_000, '77.8MB'],
    [1_204_000_000, '1.2GB'],
    [12e15, '12PB'],
    [12e18, '12000PB'],
  ])('%d bytes', (bytes, text) => {
    expect(renderSize(bytes)).toBe(text);
  });

  it.each([
    [0, 'Less than a second ago'],
    [1, '1 second ago'],
    [59, '59 seconds ago'],
    [61, 'About a minute ago'],
    [3599, '59 minutes ago'],
    [3600, 'About an hour ago'],
    [5400, '2 hours ago'],
    [47 * 3600, '47 hours ago'],
    [48 * 3600, '2 days ago'],
    [13 * 86_400, '13 days ago'],
    [14 * 86_400, '2 weeks ago'],
    [60 * 86_400, '2 months ago'],
    [800 * 86_400, '2 years ago'],
    [-5, 'Less than a second ago'],
  ])('%d seconds', (seconds, text) => {
    expect(renderAge(1e12 - seconds * 1000, 1e12)).toBe(text);
  });

  it('unknown moments are empty', () => {
    expect([renderAge(undefined, 0), renderAge(NaN, 0)]).toEqual(['', '']);
  });
});
