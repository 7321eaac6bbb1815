import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configJsonSchema } from '../../src/config/json-schema.ts';

const EXAMPLE = readFileSync(resolve(import.meta.dirname, '../../registry-gate.example.yml'), 'utf8');

/** Read back as any editor would, through JSON. */
const judge = z.fromJSONSchema(JSON.parse(JSON.stringify(configJsonSchema())));

describe('the JSON Schema', () => {
  it.each([
    ['the example', parse(EXAMPLE)],
    ['nothing', {}],
    ['a group without content', { tls: null }],
    ['a key without a value', { users: null, log: { level: null } }],
    ['one address', { listen: ':443' }],
    ['a port', { listen: 443 }],
    ['a list of both', { listen: [443, '[::1]:443'] }],
    ['sizes', { limits: { manifestBytes: '4MiB', layerBytes: 'unlimited', headerBytes: 2048 } }],
  ])('accepts %s', (_name, value) => {
    expect(judge.safeParse(value)).toMatchObject({ success: true });
  });

  it.each([
    ['nothing at all', null],
    ['an unknown key', { colour: 'red' }],
    ['an unknown key in a group', { tls: { kee: 'x' } }],
    ['an empty list', { listen: [] }],
    ['a size with an unknown unit', { limits: { layerBytes: '4M' } }],
    ['a word that is none of the choice', { log: { level: 'trace' } }],
    ['a number out of range', { timeouts: { headerSeconds: 0 } }],
    ['a text for a number', { reloadMs: '500' }],
  ])('refuses %s', (_name, value) => {
    expect(judge.safeParse(value)).toMatchObject({ success: false });
  });
});
