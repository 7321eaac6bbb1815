import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/images/client/sign-in/challenges.ts';

type Plain = readonly [scheme: string, parameters: Readonly<Record<string, string>>];

const CASES: readonly (readonly [name: string, header: string, expected: readonly Plain[]])[] = [
  [
    'distribution and ours',
    'Bearer realm="https://registry.lan/token",service="registry.lan",scope="repository:team/app:pull,push"',
    [
      [
        'bearer',
        {
          realm: 'https://registry.lan/token',
          service: 'registry.lan',
          scope: 'repository:team/app:pull,push',
        },
      ],
    ],
  ],
  ['Basic', 'Basic realm="Registry Realm"', [['basic', { realm: 'Registry Realm' }]]],
  ['a scheme alone', 'Basic', [['basic', {}]]],
  [
    'zot: two in one header',
    'Basic realm="zot", Bearer realm="https://zot.lan/token",service="zot.lan"',
    [
      ['basic', { realm: 'zot' }],
      ['bearer', { realm: 'https://zot.lan/token', service: 'zot.lan' }],
    ],
  ],
  [
    'Bearer before Basic, with spaces around signs',
    'Bearer realm = "https://r.lan/t" , service="a, b" , Basic realm="x"',
    [
      ['bearer', { realm: 'https://r.lan/t', service: 'a, b' }],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'a scheme with text in place of parameters before one that is known',
    'Negotiate YIIabc==, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  ['escaped quotes', 'Basic realm="say \\"hi\\" \\\\"', [['basic', { realm: 'say "hi" \\' }]]],
  [
    'values without quotes',
    'Bearer realm=https://r.lan/t,service=r',
    [['bearer', { realm: 'https://r.lan/t', service: 'r' }]],
  ],
  ['capital letters', 'BEARER Realm="https://r.lan"', [['bearer', { realm: 'https://r.lan' }]]],
  [
    'the first of two of one name',
    'Bearer realm="https://a",realm="https://b"',
    [['bearer', { realm: 'https://a' }]],
  ],
  ['empty list elements', ', ,Basic realm="x",,', [['basic', { realm: 'x' }]]],
  ['an open quote', 'Bearer realm="https://a', [['bearer', {}]]],
  ['nothing', '', []],
  ['nonsense', '"""', []],
];

describe('challenges', () => {
  it.each(CASES)('%s', (_name, header, expected) => {
    const read = parseChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);
    expect(read).toEqual(expected);
  });

  it('takes no longer for a header that is made to take long', () => {
    for (const part of ['a="', ' ', ',', 'a=', '\\"', 'x y='])
      expect(parseChallenges(`Bearer ${part.repeat(100_000)}`).length).toBeLessThanOrEqual(64);
  });
});
