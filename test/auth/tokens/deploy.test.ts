import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../../../deploy', name), 'utf8');

describe('the registry configurations', () => {
  it.each(['registry-2.yml', 'registry-3.yml'])('%s ask for what the gate signs', (name) => {
    const { auth } = parse(read(name));
    expect(auth.token).toMatchObject({ issuer: 'registry-gate', service: 'registry-gate' });
  });

  it('differ in nothing but the place of the files and what only the newer one knows', () => {
    const two = parse(read('registry-2.yml'));
    const three = parse(read('registry-3.yml'));
    const place = { rootcertbundle: '/etc/distribution/backend-token.crt', signingalgorithms: ['ES256'] };
    expect(three).toEqual({ ...two, auth: { token: { ...two.auth.token, ...place } } });
  });
});
