import { describe, expect, it } from 'vitest';
import { loadCase, problemsOf } from '../support/config.ts';

const ACCEPTED: readonly [name: string, text: string, certs: string][] = [
  ['nothing at all', '', './certs'],
  ['comments alone', '# certs: x\n', './certs'],
  ['a group without content', 'tls:\n# key: x\ncerts: x\n', 'x'],
  ['a key without a value', 'certs:\n', './certs'],
  ['a byte order mark', '\uFEFFcerts: x\n', 'x'],
  ['CR LF', 'certs: x\r\nrenew: true\r\n', 'x'],
  ['JSON', '{"certs": "x"}', 'x'],
  ['an anchor that nobody uses', 'certs: &a x\n', 'x'],
  ['a document start', '---\ncerts: x\n', 'x'],
];

const REFUSED: readonly [name: string, text: string, problems: readonly string[]][] = [
  [
    'a key twice',
    'certs: x\nrenew: true\ncerts: y\n',
    ['invalid YAML: Map keys must be unique (registry-gate.yml:3)'],
  ],
  [
    'a key twice within a group',
    'tls:\n  key: a\n  key: b\n',
    ['invalid YAML: Map keys must be unique (registry-gate.yml:3)'],
  ],
  [
    'a second document',
    'certs: x\n---\ncerts: y\n',
    ['invalid YAML: more than one document in the file (registry-gate.yml:2)'],
  ],
  [
    'a list',
    '- certs\n',
    ['the file must hold keys and values, like "certs: ./certs" (registry-gate.yml:1)'],
  ],
  ['a word', 'certs\n', ['the file must hold keys and values, like "certs: ./certs" (registry-gate.yml:1)']],
  [
    'a tag',
    'certs: !!js/function x\n',
    ['invalid YAML: Unresolved tag: tag:yaml.org,2002:js/function (registry-gate.yml:1)'],
  ],
  [
    'an alias',
    'certs: &a x\nusers: *a\n',
    ["the alias *a isn't supported, write the value out (registry-gate.yml:2)"],
  ],
  ['a merge key', 'tls: {}\n<<: {certs: x}\n', ['<<: is unknown (registry-gate.yml:2)']],
  [
    'a dot in a key',
    'tls.key: x\n',
    ['tls.key: is written with a dot; put each level on a line of its own (registry-gate.yml:1)'],
  ],
  [
    'a value for a group',
    'tls: on\n',
    ['tls: must hold further keys, indented on the following lines (registry-gate.yml:1)'],
  ],
  [
    'a list for a group',
    'tls: [a]\n',
    ['tls: must hold further keys, indented on the following lines (registry-gate.yml:1)'],
  ],
  [
    'keys of JavaScript',
    '__proto__: {certs: x}\nconstructor: x\n',
    ['__proto__: is unknown (registry-gate.yml:1)', 'constructor: is unknown (registry-gate.yml:2)'],
  ],
  ['an unknown key without a value', 'colour:\n', ['colour: is unknown (registry-gate.yml:1)']],
  [
    'an unknown key within a group',
    'tls:\n  kee: x\n',
    ['tls.kee: is unknown. Did you mean tls.key? (registry-gate.yml:2)'],
  ],
  ['a key that is a list', '? [a]\n: x\n', ['?: is unknown (registry-gate.yml:1)']],
  [
    'a file of more than 1 MiB',
    `# ${'x'.repeat(1024 * 1024)}`,
    ['the file is larger than 1 MiB, the limit of a configuration file (registry-gate.yml:1)'],
  ],
];

describe('registry-gate.yml', () => {
  it.each(ACCEPTED)('may hold %s', async (_name, text, certs) => {
    expect((await loadCase({ files: { 'registry-gate.yml': text } })).config.certs).toBe(certs);
  });

  it.each(REFUSED)('may not hold %s', async (_name, text, problems) => {
    expect(await problemsOf({ files: { 'registry-gate.yml': text } })).toEqual(problems);
  });

  it.each([
    ['brackets', '['.repeat(50_000)],
    ['braces', '{'.repeat(50_000)],
    ['dashes', '- '.repeat(50_000)],
    ['values', `certs: ${'['.repeat(3000)}${']'.repeat(3000)}`],
  ])('is not confused by very deep %s', async (_name, text) => {
    const problems = await problemsOf({ files: { 'registry-gate.yml': text } });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThan(5);
  });

  it('is not blown up by aliases of aliases', async () => {
    const levels = Array.from({ length: 30 }, (_, i) => `x${i + 1}: &x${i + 1} [${`*x${i},`.repeat(10)}]`);
    const problems = await problemsOf({
      files: { 'registry-gate.yml': ['x0: &x0 [a]', ...levels].join('\n') },
    });
    expect(problems[0]).toBe("the alias *x0 isn't supported, write the value out (registry-gate.yml:2)");
  });
});
