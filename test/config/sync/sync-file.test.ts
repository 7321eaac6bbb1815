import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readSyncFile } from '../../../src/config/sync/sync-file.ts';
import { syncJsonSchema } from '../../../src/config/sync/sync-json-schema.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../docs/examples');

const HEAD = 'from: docker.io\nto: registry.lan\n';

function problemsOf(text: string): readonly string[] {
  const reading = readSyncFile('plan.yml', text);
  return reading.ok ? [] : reading.problems.map(({ path, reason, where }) => `${path}: ${reason} (${where})`);
}

describe('a plan', () => {
  it('has defaults for all repositories', () => {
    const text = `${HEAD}prefix: mirror/
exclude: '*-rc*'
platform: linux/amd64
referrers: true
repositories:
  - library/alpine
  - name: library/node
    to: base/node
    tags: [1.10, 007, true]
    versions: '>=20'
    newest: 5
    exclude: [x, y]
    referrers: false
    prune: true
`;
    expect(readSyncFile('plan.yml', text)).toEqual({
      ok: true,
      file: {
        from: 'docker.io',
        to: 'registry.lan',
        repositories: [
          {
            source: 'library/alpine',
            target: 'mirror/library/alpine',
            tags: [],
            versions: undefined,
            exclude: ['*-rc*'],
            newest: undefined,
            platforms: ['linux/amd64'],
            referrers: true,
            prune: false,
            where: 'plan.yml:8',
          },
          {
            source: 'library/node',
            target: 'base/node',
            tags: ['1.10', '007', 'true'],
            versions: '>=20',
            exclude: ['x', 'y'],
            newest: 5,
            platforms: ['linux/amd64'],
            referrers: false,
            prune: true,
            where: 'plan.yml:9',
          },
        ],
      },
    });
  });

  it.each([
    ['', [': must hold the keys from, to and repositories (plan.yml:1)']],
    ['- a', [': must hold the keys from, to and repositories (plan.yml:1)']],
    [HEAD, ['repositories: is missing: it must be a list of repositories (plan.yml:1)']],
    [`${HEAD}repositories: []`, ['repositories: must name at least one repository (plan.yml:3)']],
    [
      `${HEAD}repositories:\n  - Team/App\n  - name: a\n    newst: 5\n`,
      [
        'repositories[0].name: must be the name of a repository, like team/app (plan.yml:4)',
        'repositories[1].newst: is unknown. Did you mean newest? (plan.yml:6)',
      ],
    ],
    [
      `${HEAD}repositories:\n  - name: a\n    newest: 0\n    prune: yes\n    tags: []\n`,
      [
        'repositories[0].tags: is empty: add a value, or remove the key (plan.yml:7)',
        'repositories[0].prune: must be true or false (plan.yml:6)',
        'repositories[0].newest: must be a whole number from 1 on (plan.yml:5)',
      ],
    ],
    [`${HEAD}frm: x\nrepositories: [a]\n`, ['frm: is unknown. Did you mean from? (plan.yml:3)']],
    [
      `from: http://x/\nto: y\nrepositories: [a]\n`,
      ['from: must be the host of a registry, like docker.io (plan.yml:1)'],
    ],
    [
      `${HEAD}repositories:\n  - to: b\n`,
      ['repositories[0].name: is missing: it must be the name of a repository, like team/app (plan.yml:4)'],
    ],
    [
      `${HEAD}repositories:\n  - [a]\n`,
      ['repositories[0]: must be the name of a repository, or hold the key name (plan.yml:4)'],
    ],
    [`${HEAD}repositories: [a, *b]\n`, [expect.stringContaining('plan.yml:3')]],
  ])('%j is refused with the line', (text, problems) => {
    expect(problemsOf(text)).toEqual(expect.arrayContaining(problems));
    expect(problemsOf(text)).toHaveLength(problems.length);
  });
});

describe('the examples', () => {
  it.each(readdirSync(EXAMPLES).filter((name) => /^sync-.*\.yml$/.test(name)))(
    '%s is a plan, for the program and by the schema of editors',
    (name) => {
      const text = readFileSync(join(EXAMPLES, name), 'utf8');
      expect(problemsOf(text)).toEqual([]);
      const judge = z.fromJSONSchema(syncJsonSchema());
      expect(judge.safeParse(parse(text))).toMatchObject({ success: true });
      expect(judge.safeParse({ ...parse(text), form: 'x' })).toMatchObject({ success: false });
    },
  );
});
