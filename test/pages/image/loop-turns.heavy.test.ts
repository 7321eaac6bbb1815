import { describe, expect, it } from 'vitest';
import { storeManifest } from '../../../src/images/model/manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../../../src/images/model/media-types.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { createImagePages } from '../../support/image-pages.ts';
import { slowness, Turns } from '../../support/loop-turns.ts';
import { memoryRepository, type MemoryRepository } from '../../support/memory-registry.ts';

/** The most processor time that one turn of the loop may take, on the machine of `slowness`. */
const MOST_MS = 50;
const ROUNDS = 10;

const ODD = '\u202e\u007f';

function named(count: number, length: number): object {
  return Object.fromEntries(
    Array.from({ length: count }, (_none, at) => [`${at}${ODD}`.padEnd(length, '\u202e'), 'v']),
  );
}

/** Texts of JSON of nearly 8 MiB, or as many entries or names as one may have, and more. */
const CONFIGS: readonly (readonly [name: string, status: number, text: string])[] = [
  ['odd characters in one label', 200, JSON.stringify({ config: { Labels: { a: ODD.repeat(1_990_000) } } })],
  ['escapes', 200, `{"config":{"Labels":{"a":"${'\\u202e\\u007f'.repeat(690_000)}"}}}`],
  ['quotes', 200, `{"config":{"Labels":{"a":"${'\\"'.repeat(4_000_000)}"}}}`],
  ['as many labels as there may be', 200, JSON.stringify({ config: { Labels: named(16_300, 170) } })],
  ['as many labels as there may be entries', 422, JSON.stringify({ config: { Labels: named(90_000, 25) } })],
  ['one name', 200, JSON.stringify({ config: { Labels: { [ODD.repeat(1_990_000)]: 'x' } } })],
  [
    'a history',
    200,
    JSON.stringify({ history: Array.from({ length: 30_000 }, () => ({ created_by: ODD.repeat(50) })) }),
  ],
  [
    'variables',
    200,
    JSON.stringify({ config: { Env: Array.from({ length: 90_000 }, (_, at) => `${at}=${ODD}`) } }),
  ],
];

const MANIFESTS: readonly (readonly [name: string, status: number, members: object])[] = [
  ['as many annotations as there may be', 200, { annotations: named(16_300, 80) }],
  ['as many annotations as there may be entries', 422, { annotations: named(90_000, 15) }],
];

function put(repository: MemoryRepository, config: string, members: object = {}): void {
  const bytes = Buffer.from(`{"os":"linux",${config.slice(1)}`);
  const digest = digestOf('sha256', bytes);
  repository.blobs.set(digest.text, bytes);
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: digest.text, size: bytes.length },
    layers: [],
    ...members,
  };
  const stored = storeManifest(Buffer.from(JSON.stringify(document)), OCI_MANIFEST);
  repository.manifests.set(stored.digest.text, stored);
  repository.tags.set('odd', stored.digest.text);
}

/** Opens the page, and returns its status, and by how much the longest turn is longer than it may be, in milliseconds. */
async function open(
  repository: MemoryRepository,
): Promise<{ readonly status: number; readonly over: number }> {
  const { bytes, mediaType } = repository.manifests.values().next().value ?? {
    bytes: Buffer.alloc(0),
    mediaType: '',
  };
  // As a client reads it: it is made of bytes in the same turn in which it is used.
  const get = createImagePages({ ...repository, readManifest: async () => storeManifest(bytes, mediaType) });
  // A full garbage collection may fall into a turn of one round; what our code does in one turn is in every round.
  let over = Infinity;
  let status = 0;
  for (let round = 1; round <= ROUNDS && over >= 0; round += 1) {
    const before = slowness();
    const turns = new Turns();
    const answer = await get('/r/team/app/-/image/odd');
    turns.stop();
    status = answer.status;
    over = Math.min(over, turns.longestMs - MOST_MS * Math.max(before, slowness()));
  }
  return { status, over };
}

describe('the page of an image holds the loop for less than 50 ms', () => {
  it.each(CONFIGS)('whose config has %s', async (_name, status, config) => {
    const repository = memoryRepository();
    put(repository, config);
    const opened = await open(repository);
    expect(opened.status).toBe(status);
    expect(opened.over).toBeLessThan(0);
  });

  it.each(MANIFESTS)('whose manifest has %s', async (_name, status, members) => {
    const repository = memoryRepository();
    put(repository, '{"config":{}}', members);
    const opened = await open(repository);
    expect(opened.status).toBe(status);
    expect(opened.over).toBeLessThan(0);
  });
});
