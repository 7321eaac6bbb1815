import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
const TABLE = TEXT.slice(TEXT.indexOf('## What memory a client can make grow')).split('\n## ', 1)[0] ?? '';

/** Commands with what only they use (`images`), and what is read from files of the owner: nothing there is a client's. */
const OWNERS =
  /^src\/(?:(?:cli|images|config|pki|doctor|auth\/policy)\/|http\/admission\.ts$|pages\/frame\/assets\.ts$)/;
/** Where a map, a set or a list is held: a field, a constant of the module, or one of a function that others may live on in. */
const HOLDERS = [
  /^(?: {2})?(?:export )?(?:readonly |const |let |static )*(#?\w+)(?:: [^=]+?)? = (?:new (?:Weak)?(?:Map|Set)\b|createExpiringMap\b|new (?:ShareLine|PageMemory|UseOrder)\b)/,
  /^ {4}this\.(#?\w+) = (?:new (?:Weak)?(?:Map|Set)\b|createExpiringMap\b)/,
  /^ {2}(?:readonly )?(#?\w+)(?:: [^=]+?) = \[\];?$/,
];
/** Those that are no memory of clients, by the reason. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'ends with the call': [
    'src/pages/image/compare/compared-layers.ts rows',
    'src/pages/image/compare/compared-layers.ts states',
    'src/pages/image/parts/json-layout.ts #parts',
    'src/pages/repositories/remove/prepare.ts found',
    'src/pages/repositories/remove/summary.ts going',
    'src/pages/repositories/remove/summary.ts planned',
    'src/pages/repositories/untagged/read-untagged.ts blobs',
    'src/pages/repositories/untagged/read-untagged.ts found',
    'src/pages/repositories/untagged/read-untagged.ts free',
    'src/pages/repositories/untagged/read-untagged.ts indexes',
    'src/pages/repositories/untagged/read-untagged.ts isKept',
    'src/pages/repositories/untagged/read-untagged.ts kept',
    'src/backend/embedded/store/untagged.ts tagged',
    'src/backend/embedded/disk/folders.ts unconfirmed',
    'src/backend/embedded/disk/folders.ts queued',
    'src/backend/embedded/gc/mark.ts seen',
    'src/backend/embedded/gc/reach.ts kept',
    'src/oci/manifest/json-reader.ts #kinds',
    'src/oci/manifest/json-shape.ts #values',
    'src/oci/manifest/json-shape.ts #seen',
    'src/oci/manifest/json-shape.ts fields',
    'src/backend/embedded/store/manifest-store.ts seen',
    'src/oci/manifest/manifest-text.ts texts',
    'src/oci/request/parse.ts seen',
    'src/oci/request/scope.ts merged',
    'src/http/listener/connections.ts active',
    'src/auth/tokens/store/use-log.ts merged',
    'src/auth/users/htpasswd-directory.ts hashes',
    'src/auth/users/htpasswd-file.ts seen',
    'src/auth/users/user-store.ts byCost',
    'src/cluster/processes.ts all',
    'src/inventory/follow/list-tags.ts listed',
    'src/inventory/follow/list-tags.ts known',
    'src/inventory/follow/read-content.ts read',
    'src/inventory/follow/read-content.ts blobs',
    'src/inventory/follow/read-content.ts seen',
    'src/inventory/read/shares.ts shares',
    'src/inventory/read/shares.ts counts',
    'src/inventory/read/space.ts more',
    'src/inventory/read/untagged.ts found',
    'src/inventory/write/holdings.ts #tags',
    'src/inventory/write/holdings.ts #alone',
    'src/inventory/write/manifests.ts ids',
  ],
  'ends with the run of gc': [
    'src/backend/embedded/gc/keep.ts unreadable',
    'src/backend/embedded/gc/keep.ts #kept',
    'src/backend/embedded/gc/keep.ts #storedAsIs',
    'src/backend/embedded/gc/keep.ts #whole',
    'src/backend/embedded/gc/keep.ts #inner',
    'src/backend/embedded/gc/sweep.ts #gone',
  ],
  'is as large as a file of the owner': [
    'src/lib/files/watch-file.ts detached',
    'src/app/observe/expiry-watch.ts said',
    'src/auth/tokens/store/token-store.ts byId',
    'src/auth/tokens/store/token-store.ts byHash',
    'src/auth/tokens/store/token-store.ts checks',
    'src/auth/users/htpasswd-directory.ts told',
  ],
  'has one for each request under way, and goes with it': ['src/app/pages/transfers.ts looked'],
  'has one for each statement in the sources': ['src/inventory/database/database.ts #statements'],
  'has one for each process, topic or listener': [
    'src/auth/abuse/control.ts sockets',
    'src/app/cluster/limiters.ts limiters',
    'src/cluster/supervisor.ts #exits',
    'src/cluster/topic-handlers.ts handlers',
    'src/cluster/broker.ts members',
  ],
  'is what the bounded map is made of': ['src/lib/expiring-map.ts entries'],
};

/** `src/x.ts name` of everything that is held, constants in capitals aside. */
function holders(): readonly string[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts') && !OWNERS.test(`src/${file}`))
    .toSorted()
    .flatMap((file) =>
      [...new Set(namesIn(readFileSync(join(ROOT, 'src', file), 'utf8')))].map(
        (name) => `src/${file} ${name}`,
      ),
    );
}

function namesIn(text: string): readonly string[] {
  const names = text.split('\n').flatMap((line) => HOLDERS.map((form) => form.exec(line)?.[1]));
  return names.filter((name): name is string => name !== undefined && name !== name.toUpperCase());
}

/** `src/x.ts name` of every row: a path, and the names that follow it. */
const listed = [...TABLE.matchAll(/`(src\/[\w/.-]+)`((?:,? `#?\w+`)+)/g)].flatMap(
  ([, path = '', names = '']) => [...names.matchAll(/`(#?\w+)`/g)].map(([, name = '']) => `${path} ${name}`),
);
const rows = TABLE.split('\n').filter((line) => /^\| .*`src\//.test(line));

describe('the table of memory', () => {
  it('names every map, set and list that outlives a request', () => {
    const known = new Set([...listed, ...Object.values(OTHERS).flat()]);
    // A new one has its bound there, or its reason here.
    expect(holders().filter((holder) => !known.has(holder))).toEqual([]);
  });

  it('names none that is not there', () => {
    const there = new Set(holders());
    const arrays =
      /^src\/(?:audit\/(?:reporter|trail)|observe\/metrics\/exchanges)\.ts (?:waiting|held|all)$/;
    expect(listed.filter((holder) => !there.has(holder) && !arrays.test(holder))).toEqual([]);
  });

  it.each(rows)('says a bound and a test: %s', (row) => {
    const [, , , bound = '', held = ''] = row.split(/ ?\| ?/);
    expect(bound).toMatch(/\d|\bone\b/);
    expect(existsSync(join(ROOT, /`(test\/[^`]+)`/.exec(held)?.[1] ?? ''))).toBe(true);
  });

  it('would notice a new one', () => {
    expect(
      namesIn(
        '  readonly #all = new Map<string, Big>();\n  const seen = new Set<string>();\n  #list: Big[] = [];',
      ),
    ).toEqual(['#all', 'seen', '#list']);
  });
});
