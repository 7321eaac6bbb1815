import { describe, expect, it } from 'vitest';
import { runUntilStopped } from '../../../src/cli/serve/serve.ts';
import { reportingChanges } from '../../../src/cli/serve/config-changes.ts';
import type { ServingGate } from '../../../src/cli/serve/start-serving.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema/schema.ts';
import { recordingTerminal } from '../../support/terminal.ts';

function fakeGate(acts: string[]): ServingGate {
  return {
    addresses: [],
    ports: [],
    unready: async () => undefined,
    reload: async () => void acts.push('reload'),
    stop: async () => void acts.push('stop'),
    stopNow: () => void acts.push('cut'),
  };
}

describe('M-D13: SIGHUP to a gate that serves', () => {
  it.each([
    { what: 'is a reload', isClosed: false, acts: ['reload', 'stop'] },
    { what: 'stops it where its terminal was closed', isClosed: true, acts: ['stop'] },
  ])('$what', async ({ isClosed, acts }) => {
    const done: string[] = [];
    const terminal = recordingTerminal();
    const told = runUntilStopped(fakeGate(done), { ...terminal, isClosed: () => isClosed }, 1);
    terminal.signal('SIGHUP');
    if (!isClosed) terminal.signal('SIGTERM');
    await told;
    expect(done).toEqual(acts);
  });
});

describe('M-D13: a reload', () => {
  const read = (text: string) => (): Promise<Config> =>
    loadConfig({ flags: {}, env: {}, readFile: async () => text });

  it.each<readonly [string, string, string, object]>([
    ['info', 'certs: a', 'the configuration has not changed since the start', {}],
    [
      'warn',
      'certs: b\nworkers: 3',
      'the configuration has changed: restart the gate for these options to take effect',
      { changed: ['certs', 'users', 'state', 'workers'] },
    ],
    [
      'error',
      'certs: [1]',
      'the configuration has changed and is not valid: the next start would fail',
      { reason: expect.stringContaining('certs') },
    ],
  ])('%s where the file is then %j', async (level, after, message, fields) => {
    const said: unknown[] = [];
    const write = (name: string) => (given: object, text: string) => void said.push([name, given, text]);
    const log = { info: write('info'), warn: write('warn'), error: write('error'), debug: write('debug') };
    const acts: string[] = [];
    const config = await read('certs: a')();
    await reportingChanges(fakeGate(acts), { config, load: read(after), log }).reload();
    expect(acts).toEqual(['reload']);
    expect(said).toEqual([[level, fields, message]]);
  });
});
