import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cacheReadings } from '../../../src/observe/metrics/cache.ts';
import { createExchangeCounts } from '../../../src/observe/metrics/exchanges.ts';
import { isWorkerReadings, renderMetrics } from '../../../src/observe/metrics/page.ts';
import { watchProcess } from '../../../src/observe/metrics/process.ts';
import { readingOf } from '../../../src/observe/metrics/table.ts';
import { describeWith } from '../../support/requires.ts';
import { parsePage, valueOf } from '../../support/scrape.ts';

const connections = (value: number) => [readingOf('registry_gate_connections', value)];
const shared = [readingOf('registry_gate_backend_up', 1)];

describe('the page', () => {
  it('of one worker has no label for it', async () => {
    const { text, contentType } = await renderMetrics({
      workers: [{ slot: 0, readings: connections(3) }],
      shared,
      isAlone: true,
    });
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(parsePage(text)).toEqual([
      { name: 'registry_gate_backend_up', labels: {}, value: 1 },
      { name: 'registry_gate_connections', labels: {}, value: 3 },
    ]);
  });

  it('of several tells them apart, as the log does, also where one has not answered', async () => {
    const { text } = await renderMetrics({
      workers: [
        { slot: 2, readings: connections(5) },
        { slot: 0, readings: connections(3) },
      ],
      shared,
      isAlone: false,
    });
    const samples = parsePage(text);
    expect(samples).toHaveLength(3);
    expect(valueOf(samples, 'registry_gate_connections', { worker: '1' })).toBe(3);
    expect(valueOf(samples, 'registry_gate_connections', { worker: '3' })).toBe(5);
    expect(text.match(/# TYPE/g)).toHaveLength(2);
  });

  it('has the counters of the cache where there is one', async () => {
    const counts = { hits: 1, joins: 2, misses: 3, fills: 4, evictions: 5, servedBytes: 6, residentBytes: 7 };
    const workers = [{ slot: 0, readings: cacheReadings(counts) }];
    const { text } = await renderMetrics({ workers, shared: cacheReadings(undefined), isAlone: true });
    const values = parsePage(text).map(({ name, labels, value }) => [name, labels['result'], value]);
    expect(values).toEqual([
      ['registry_gate_cache_evictions_total', undefined, 5],
      ['registry_gate_cache_fills_total', undefined, 4],
      ['registry_gate_cache_requests_total', 'hit', 1],
      ['registry_gate_cache_requests_total', 'join', 2],
      ['registry_gate_cache_requests_total', 'miss', 3],
      ['registry_gate_cache_resident_bytes', undefined, 7],
      ['registry_gate_cache_served_bytes_total', undefined, 6],
    ]);
  });
});

describe('isWorkerReadings', () => {
  it.each([
    ['what a worker says', { slot: 1, readings: connections(1) }, true],
    ['nothing', undefined, false],
    ['no slot', { readings: [] }, false],
    ['no list', { slot: 1, readings: {} }, false],
    ['a metric of another version', { slot: 1, readings: [{ name: 'x', samples: [] }] }, false],
  ])('%s', (_name, value, isGood) => {
    expect(isWorkerReadings(value)).toBe(isGood);
  });
});

describeWith(['promtool'], 'promtool', () => {
  it('finds nothing wrong with the page', async () => {
    const own = watchProcess('1.2.3');
    const readings = [...(await own.readings()), ...createExchangeCounts().readings([])];
    own.close();
    const { text } = await renderMetrics({ workers: [{ slot: 0, readings }], shared, isAlone: true });
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(`${checked.stdout}${checked.stderr}`).toBe('');
    expect(checked.status).toBe(0);
  });
});
