import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { accessJsonSchema } from '../../../src/config/access/access-json-schema.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../docs/examples');
const examples = readdirSync(EXAMPLES).filter((name) => /^access-.*\.yml$/.test(name));

/** Read back as any editor would, through JSON. */
const judge = z.fromJSONSchema(JSON.parse(JSON.stringify(accessJsonSchema())));
const rule = { who: 'a', repositories: 'a', allow: 'pull' };

describe('the JSON Schema of the access file', () => {
  it('has examples to be tried on', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  it.each(examples)('accepts %s', (name) => {
    expect(judge.safeParse(parse(readFileSync(join(EXAMPLES, name), 'utf8')))).toMatchObject({
      success: true,
    });
  });

  it.each([
    ['one of each', { rules: [rule] }],
    [
      'lists',
      { rules: [{ who: ['a'], repositories: ['a', '!b'], allow: ['pull', 'delete'], networks: ['::1'] }] },
    ],
    ['an owner', { owners: 'group:ops', rules: [rule] }],
    ['owners', { owners: ['alice', 'group:ops'], rules: [rule] }],
    ['groups and expectations', { groups: { g: 'a', h: ['a', 'b'] }, rules: [rule], expect: 'a may pull a' }],
  ])('accepts %s', (_name, value) => {
    expect(judge.safeParse(value)).toMatchObject({ success: true });
  });

  it.each([
    ['nothing', {}],
    ['no rules', { rules: [] }],
    ['an unknown key', { rules: [rule], user: 'a' }],
    ['an unknown key of a rule', { rules: [{ ...rule, deny: 'push' }] }],
    ['an unknown action', { rules: [{ ...rule, allow: 'read' }] }],
    ['no who', { rules: [{ repositories: 'a', allow: 'pull' }] }],
    ['an empty list', { rules: [{ ...rule, networks: [] }] }],
    ['an empty group', { groups: { g: [] }, rules: [rule] }],
    ['no owners', { owners: [], rules: [rule] }],
    ['an empty text', { rules: [{ ...rule, who: '' }] }],
  ])('refuses %s', (_name, value) => {
    expect(judge.safeParse(value)).toMatchObject({ success: false });
  });
});
