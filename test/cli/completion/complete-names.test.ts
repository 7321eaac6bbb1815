import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { recordingTerminal } from '../../support/terminal.ts';
import { startNamesRegistry, type NamesRegistry } from './names-registry.ts';

let registry: NamesRegistry;

beforeAll(async () => {
  registry = await startNamesRegistry();
});
afterAll(() => registry.close());

async function namesFor(...words: readonly string[]): Promise<readonly string[]> {
  const terminal = recordingTerminal();
  expect(await run(['complete-names', ...words, '--', '--plain-http'], terminal)).toBe(0);
  expect(terminal.stderr()).toBe('');
  return terminal.stdout().split('\n').slice(0, -1);
}

describe('names of a registry', () => {
  it('are those that no shell takes for anything else', async () => {
    const { name } = registry;
    expect(await namesFor('repository', `${name}/`)).toEqual(
      ['team/app', 'team/web', 'other'].map((it) => `${name}/${it}`),
    );
    expect(await namesFor('image', `${name}/team/app:`)).toEqual(
      ['1.0', '1.1', 'latest'].map((it) => `${name}/team/app:${it}`),
    );
  });

  it.each([['127.0.0.1:1/team/app:'], ['$(touch hit)/'], ['localhost/a:b:c'], ['']])(
    'are none, in silence, for %j',
    async (word) => {
      expect(await namesFor('repository', word)).toEqual(word === '' ? ['docker.io/'] : []);
    },
  );

  it('are those of archives, too', async () => {
    expect(await namesFor('image', 'oci')).toEqual(['oci-archive:', 'oci:']);
  });
});
