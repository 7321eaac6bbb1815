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

  it.each<readonly [string, string, object]>([
    [
      'in another case, of which the later wins',
      '{"config":{"Entrypoint":["/safe"],"entrypoint":["/evil"],"user":"root"}}',
      { run: { entrypoint: ['/evil'], user: 'root' } },
    ],
    [
      'of all its objects',
      '{"Config":{"hEALTHCHECK":{"test":["NONE"]}},"RootFS":{"Diff_IDs":["a"]},"HISTORY":[{"Created_By":"b"}]}',
      { run: { healthcheck: { Test: ['NONE'] } }, diffIds: ['a'], history: [{ createdBy: 'b' }] },
    ],
    ['with a long s', '{"config":{"U\u017fer":"root"}}', { run: { user: 'root' } }],
    [
      'of labels as they are',
      '{"config":{"Labels":{"A":"1","a":"2"}}}',
      { run: { labels: { A: '1', a: '2' } } },
    ],
  ])('reads names %s', (_name, text, read) => {
    expect(parseConfig(Buffer.from(text))).toMatchObject(read);
  });

  it.each([
    ['two objects of one name', Buffer.from('{"config":{"User":"root"},"Config":{}}')],
    ['an object and null', Buffer.from('{"config":{"User":"root"},"Config":null}')],
    ['a name twice', Buffer.from('{"config":{"user":"a","User":"b","\\u0075ser":"root"}}')],
    ['no JSON', Buffer.from('{')],
    ['a name that is no JSON', Buffer.from('{"\\u00":1}')],
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
