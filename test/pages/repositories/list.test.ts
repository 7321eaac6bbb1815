import { describe, expect, it } from 'vitest';
import type { RepositoryRow, TagRow } from '../../../src/inventory/inventory.ts';
import { parseFields, type Fields } from '../../../src/pages/request/fields.ts';
import { renderList } from '../../../src/pages/repositories/list/list-page.ts';
import { listPath, parseListQuery } from '../../../src/pages/repositories/list/list-query.ts';
import { renderTagsTable } from '../../../src/pages/repositories/tags/tags-table.ts';
import { parseRepositoryQuery, tagsPath } from '../../../src/pages/repositories/tags/tags-query.ts';

/** What somebody might put where a page shows it. */
const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>';

function fields(text: string): Fields {
  const parsed = parseFields(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

const REPOSITORY: RepositoryRow = {
  name: 'team/app',
  tags: 3,
  size: 1234,
  pushed: new Date(0),
  pushedBy: 'alice',
  complete: true,
};

const TAG: TagRow = {
  tag: '1.0',
  digest: `sha256:${'a'.repeat(64)}`,
  mediaType: undefined,
  artifactType: undefined,
  platforms: ['linux/amd64'],
  size: 10,
  total: 10,
  alone: 10,
  created: undefined,
  pushed: undefined,
  pushedBy: undefined,
  pulled: undefined,
  problem: undefined,
};

function renderRow(row: RepositoryRow): string {
  const page = { rows: [row], folders: [], next: undefined, total: 1 };
  return renderList({ query: parseListQuery(fields('')), page, now: 0, language: 'en' }).toString();
}

function renderTag(row: TagRow, maySelect = true): string {
  const query = parseRepositoryQuery('team/app', fields(''));
  const page = { rows: [row], next: undefined, total: 1 };
  return renderTagsTable({ query, page, maySelect, now: 0, language: 'en' }).toString();
}

describe('what others have written', () => {
  it.each([
    ['the name of a repository', () => renderRow({ ...REPOSITORY, name: HOSTILE })],
    ['the name of a user', () => renderRow({ ...REPOSITORY, pushedBy: HOSTILE })],
    ['a tag', () => renderTag({ ...TAG, tag: HOSTILE })],
    ['a type', () => renderTag({ ...TAG, artifactType: HOSTILE })],
    ['a platform', () => renderTag({ ...TAG, platforms: [HOSTILE, 'a', 'b', HOSTILE] })],
    ['why a manifest cannot be read', () => renderTag({ ...TAG, problem: HOSTILE })],
    ['a date that is none', () => renderTag({ ...TAG, created: new Date(Number.NaN) })],
    ['a date far away', () => renderTag({ ...TAG, created: new Date(8.64e15) })],
  ])('is text: %s', (_name, render) => {
    const text = render();
    expect(text).not.toMatch(/<script|<img/i);
    expect(text).toContain('</table>');
  });
});

describe('a row of tags', () => {
  it('can be chosen only where something may be removed', () => {
    expect(renderTag(TAG, true)).toContain('type="checkbox"');
    expect(renderTag(TAG, false)).not.toContain('type="checkbox"');
  });
});

describe('the address of a list', () => {
  it.each([
    ['', '/'],
    ['sort=-pushed', '/?sort=-pushed'],
    ['sort=name', '/'],
    ['sort=owner', '/'],
    ['folder=team/tools', '/?folder=team%2Ftools'],
    ['folder=../etc', '/'],
    ['search=+app+', '/?search=app'],
    ['search=a&sort=-size&after=x', '/?search=a&sort=-size'],
  ])('of %j is %s', (query, path) => {
    expect(listPath(parseListQuery(fields(query)), {})).toBe(path);
  });

  it.each([
    ['', '/r/team/app'],
    ['sort=-version', '/r/team/app'],
    ['sort=version', '/r/team/app?sort=version'],
    ['of=referrers&search=a', '/r/team/app?of=referrers&search=a'],
    ['of=anything', '/r/team/app'],
  ])('of a repository, of %j, is %s', (query, path) => {
    expect(tagsPath(parseRepositoryQuery('team/app', fields(query)), {})).toBe(path);
  });
});
