import { describe, expect, it } from 'vitest';
import { changedOptions } from '../../src/config/changes.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema/schema.ts';

function configOf(text: string): Promise<Config> {
  return loadConfig({ flags: {}, env: {}, readFile: async () => text });
}

describe('M-D13: options that have another value', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['workers: 1', '', []],
    ['', 'limits: {connections: 5}', ['limits.connections']],
    ['listen: :1', 'listen: [":1", ":2"]', ['listen']],
    ['abuse: {redis: "redis://:secret@a"}', 'abuse: {redis: "redis://:other@a"}', ['abuse.redis']],
    [
      'backend: http://a:1',
      'backend: http://b:1\ntimeouts: {drainSeconds: 1}\nworkers: 2',
      ['backend', 'timeouts.drainSeconds', 'workers'],
    ],
    ['frontProxies: {networks: [10.0.0.0/8]}', 'frontProxies: {networks: [10.0.0.0/8]}', []],
  ])('%j, then %j', async (before, after, changed) => {
    expect(changedOptions(await configOf(before), await configOf(after))).toEqual(changed);
  });
});
