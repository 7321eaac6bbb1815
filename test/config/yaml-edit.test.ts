import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { yamlEditor } from '../../src/config/yaml-edit.ts';

const AT = ['configs', 'registry.lan:5000', 'tls', 'ca_file'];

const FILES: readonly { readonly name: string; readonly text: string; readonly isKept?: false }[] = [
  { name: 'nothing', text: '' },
  { name: 'a comment', text: '# ours\n' },
  { name: 'other keys', text: 'mirrors:\n  a.lan: # one\n    endpoint: ["https://b.lan"]\n' },
  { name: 'no last line end', text: 'mirrors: {}' },
  { name: 'another registry', text: 'configs:\n    "b.lan":\n        auth: {username: a} # theirs\n# end\n' },
  { name: 'the registry itself', text: 'configs:\n  "registry.lan:5000":\n    auth:\n      username: a\n' },
  { name: 'its TLS', text: 'configs:\n  registry.lan:5000:\n    tls:\n      key_file: /k\n' },
  { name: 'keys in braces', text: 'configs: {b.lan: {auth: {username: a}}} # theirs\n', isKept: false },
  { name: 'the start of a document', text: '---\nmirrors: {}\n' },
];

describe('an edit of a YAML file', () => {
  it.each(FILES)('adds the key to $name, and nothing else', ({ text, isKept = true }) => {
    const edited = yamlEditor.put(text, AT, '/ca.crt');
    expect(yamlEditor.read(edited, AT)).toBe('/ca.crt');
    const lines = edited.split('\n');
    const missing = text.split('\n').filter((line) => !lines.includes(line));
    expect(missing).toEqual(isKept ? [] : [text.trimEnd()]);
  });

  it.each(FILES)('takes it out of $name again', ({ text }) => {
    const left = yamlEditor.take(yamlEditor.put(text, AT, '/ca.crt'), AT);
    expect(parse(left) ?? {}).toEqual(parse(text) ?? {});
  });

  it.each(FILES.filter(({ isKept }) => isKept ?? true))(
    'leaves $name as it was to the letter',
    ({ text }) => {
      const left = yamlEditor.take(yamlEditor.put(text, AT, '/ca.crt'), AT);
      expect(left.trimEnd()).toBe(text.trimEnd());
    },
  );

  it('replaces a value', () => {
    const text = yamlEditor.put(yamlEditor.put('', AT, '/old'), AT, '/new');
    expect(parse(text)).toEqual({ configs: { 'registry.lan:5000': { tls: { ca_file: '/new' } } } });
  });
});
