import { describe, expect, it } from 'vitest';
import { planSync, type SyncContext } from '../../../src/images/sync/plan-sync.ts';
import { runSync } from '../../../src/images/sync/run-sync.ts';
import type { SyncRule } from '../../../src/images/sync/sync-rule.ts';
import type { Descriptor } from '../../../src/images/model/descriptor.ts';
import type { Registry } from '../../../src/images/store.ts';
import { memoryRepository, type MemoryRepository } from '../../support/memory-registry.ts';

const RULE: SyncRule = {
  source: 'app',
  target: 'app',
  tags: [],
  versions: undefined,
  exclude: [],
  newest: undefined,
  platforms: [],
  referrers: false,
  prune: true,
};

/** A registry of these repositories. */
function registryOf(name: string, repositories: Readonly<Record<string, MemoryRepository>>): Registry {
  return {
    name,
    repository: (repository) => repositories[repository] ?? memoryRepository(repository, name),
    listRepositories: async function* listRepositories() {
      yield* Object.keys(repositories);
    },
    signIn: async () => undefined,
    close: async () => undefined,
  };
}

function contextOf(source: Registry, target: Registry, rules: readonly SyncRule[]): SyncContext {
  return { source, target, rules, host: { os: 'linux', architecture: 'amd64' } };
}

const states = ({ items }: Awaited<ReturnType<typeof planSync>>): readonly (readonly string[])[] =>
  items.map(({ rule, tag, state }) => [`${rule.source}:${tag}`, state]);

describe('a mirror', () => {
  it('leaves a tag that was moved after it was planned to go', async () => {
    const [source, target] = [memoryRepository('app', 'a.test'), memoryRepository('app', 'b.test')];
    for (const one of [source, target]) one.putImage({ layers: ['1'], tags: ['1'] });
    target.putImage({ layers: ['old'], tags: ['dev', 'gone'] });
    const context = contextOf(registryOf('a.test', { app: source }), registryOf('b.test', { app: target }), [
      RULE,
    ]);
    const plan = await planSync(context);
    expect(states(plan)).toEqual([
      ['app:1', 'same'],
      ['app:dev', 'prune'],
      ['app:gone', 'prune'],
    ]);
    target.putImage({ layers: ['new'], tags: ['dev'] });
    const results = await runSync(context, plan, { images: 1, blobs: 1 });
    expect(results.map(({ item, outcome }) => [item.tag, outcome])).toEqual([
      ['1', 'same'],
      ['dev', 'left'],
      ['gone', 'pruned'],
    ]);
    expect([...target.tags.keys()].toSorted()).toEqual(['1', 'dev']);
  });

  it('of a repository onto itself removes nothing of it', async () => {
    const app = memoryRepository('app', 'a.test');
    app.putImage({ layers: ['1'], tags: ['v1'] });
    app.putImage({ layers: ['2'], tags: ['main'] });
    const registry = registryOf('a.test', { app });
    const plan = await planSync(contextOf(registry, registry, [{ ...RULE, tags: ['v*'] }]));
    expect(states(plan)).toEqual([['app:v1', 'same']]);
  });

  it('of two images to one tag does neither', async () => {
    const [one, two] = [memoryRepository('one', 'a.test'), memoryRepository('two', 'a.test')];
    for (const [at, repository] of [one, two].entries())
      repository.putImage({ layers: [String(at)], tags: ['latest', `only-${at}`] });
    const target = memoryRepository('app', 'b.test');
    const rules = ['one', 'two'].map((source) => ({ ...RULE, source, prune: false }));
    const context = contextOf(
      registryOf('a.test', { one, two }),
      registryOf('b.test', { app: target }),
      rules,
    );
    const plan = await planSync(context);
    expect(states(plan)).toEqual([
      ['one:latest', 'fail'],
      ['one:only-0', 'copy'],
      ['two:latest', 'fail'],
      ['two:only-1', 'copy'],
    ]);
    expect(plan.items[0]?.error?.message).toBe('one:latest and two:latest are both to become app:latest.');
  });

  it.each<readonly [name: string, refer: (source: MemoryRepository, arm: Descriptor) => void]>([
    ['a signature', (it, arm) => void it.putImage({ layers: ['signature'], subject: arm })],
    [
      'the signature of an SBOM',
      (it, arm) => {
        const sbom = it.putImage({ layers: ['sbom'], subject: arm });
        it.putImage({ layers: ['signature'], subject: sbom });
      },
    ],
    [
      'a signature under a tag of cosign',
      (it, { digest }) => void it.putImage({ layers: ['cosign'], tags: [`sha256-${digest.hex}.sig`] }),
    ],
  ])('sees and copies %s that only one platform has', async (_name, refer) => {
    const [source, target] = [memoryRepository('app', 'a.test'), memoryRepository('app', 'b.test')];
    for (const one of [source, target]) one.putIndex(platformsOf(one), ['1']);
    const rule = { ...RULE, tags: ['1'], referrers: true };
    const context = contextOf(registryOf('a.test', { app: source }), registryOf('b.test', { app: target }), [
      rule,
    ]);
    expect(states(await planSync(context))).toEqual([['app:1', 'same']]);
    const [, arm] = platformsOf(source);
    if (arm !== undefined) refer(source, arm);
    const plan = await planSync(context);
    expect(states(plan)).toEqual([['app:1', 'refer']]);
    const results = await runSync(context, plan, { images: 1, blobs: 1 });
    expect(results.map(({ outcome }) => outcome)).toEqual(['copied']);
    expect([...target.manifests.keys()].toSorted()).toEqual([...source.manifests.keys()].toSorted());
    expect(target.tags).toEqual(source.tags);
    expect(states(await planSync(context))).toEqual([['app:1', 'same']]);
  });
});

function platformsOf(repository: MemoryRepository): readonly Descriptor[] {
  return ['amd', 'arm'].map((layer) => repository.putImage({ layers: [layer, 'base'] }));
}
