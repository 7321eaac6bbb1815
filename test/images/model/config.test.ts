import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_CONFIG_BYTES, parseConfig } from '../../../src/images/model/config.ts';

function parse(value: unknown): ReturnType<typeof parseConfig> {
  return parseConfig(Buffer.from(JSON.stringify(value)));
}

describe('a config', () => {
  it('says what is empty where it says nothing', () => {
    expect(parse({})).toEqual({
      created: '',
      author: '',
      platform: { os: '', architecture: '', variant: undefined, osVersion: undefined },
      run: undefined,
      rootfsType: '',
      diffIds: [],
      history: [],
      json: {},
    });
  });

  it.each<readonly [string, object]>([
    ['members of a wrong kind', { created: 1, config: [], rootfs: 'x', history: {}, os: null }],
    ['lists of a wrong kind', { rootfs: { diff_ids: [1, null, 'a'] }, history: [null, 'x', []] }],
    ['members of the prototype', { config: { Labels: { __proto__: 'x', constructor: 'y' } } }],
  ])('takes %s as left out', (_name, value) => {
    expect(parse(value).diffIds.every((id) => typeof id === 'string')).toBe(true);
  });

  it('takes one text for a list of one, as old builders wrote it', () => {
    expect(parse({ config: { Cmd: 'sh', Entrypoint: null } }).run).toMatchObject({
      cmd: ['sh'],
      entrypoint: [],
    });
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['a list', Buffer.from('[]')],
    ['null', Buffer.from('null')],
    ['one that is too large', Buffer.alloc(MOST_CONFIG_BYTES + 1, ' ')],
  ])('is not %s', (_name, bytes) => {
    expect(() => parseConfig(bytes)).toThrow("The image can't be read");
  });

  it('is read whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('config', 'rootfs', 'history', 'created'), fc.jsonValue()),
        (value) => {
          expect(Array.isArray(parse(value).history)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});
