import { readingOf, type Reading } from './table.ts';

export interface CacheCounts {
  readonly hits: number;
  readonly joins: number;
  readonly misses: number;
  readonly fills: number;
  readonly evictions: number;
  readonly servedBytes: number;
  readonly residentBytes: number;
}

/** Returns no readings without a cache. */
export function cacheReadings(counts: CacheCounts | undefined): Reading[] {
  if (counts === undefined) return [];
  const { hits, joins, misses } = counts;
  const results = Object.entries({ hit: hits, join: joins, miss: misses });
  return [
    {
      name: 'registry_gate_cache_requests_total',
      samples: results.map(([result, value]) => ({ labels: { result }, value })),
    },
    readingOf('registry_gate_cache_fills_total', counts.fills),
    readingOf('registry_gate_cache_evictions_total', counts.evictions),
    readingOf('registry_gate_cache_served_bytes_total', counts.servedBytes),
    readingOf('registry_gate_cache_resident_bytes', counts.residentBytes),
  ];
}
