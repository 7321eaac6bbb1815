import { afterAll, beforeAll, expect, it } from 'vitest';
import { SPEC_CASES } from '../backend/embedded/spec-cases.ts';
import { SpecClient } from '../backend/embedded/spec-client.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';

/** What Debian's registry does otherwise than the spec, or than we decided where the spec leaves it open. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'end-2: Range: bytes=500-0': '416 with the length of the blob and another body: the connection breaks',
  'end-2: Range: bytes=2048-': '416 with the length of the blob and another body: the connection breaks',
  'end-2: Range: bytes=5000-10000': '416 with the length of the blob and another body: the connection breaks',
  'end-2: Range: pages=1-2': '416 for a unit that it does not know, and the answer is cut off',
  'end-3, end-7: a sparse OCI index comes back byte for byte, by tag and by digest':
    'wants every child to be there',
  'end-3, end-7: an image with foreign layers comes back byte for byte, by tag and by digest': '500',
  'end-7: sha512 names a manifest too': 'knows sha256 alone for manifests',
  'end-7: schemaVersion 3 is 400 MANIFEST_INVALID': '500',
  'end-7: an image without config is 400 MANIFEST_INVALID': 'looks for the config first, and finds no digest',
  'end-7: more than 4 MiB is refused, with 413': '400',
  'end-7: tag= names several tags at once, and OCI-Tag says so': 'does not know tag=',
  'end-7: a digest that is malformed is 400 DIGEST_INVALID': '404, in plain text',
  'end-9: DELETE of a tag leaves the manifest and its other tags': '2.8 deletes by digest alone',
  'end-4b: POST with digest= is all (sha256)': 'does not know digest= with POST: answers 202',
  'end-5: a chunk out of order is 416, and the upload goes on (sha256)':
    '2.8 takes chunks in whatever order, and fails at the end',
  'end-6: a wrong digest is 400 DIGEST_INVALID and keeps nothing, by POST (sha256)':
    'does not know digest= with POST: answers 202',
  'end-4a, end-6: POST and PUT (sha384)': 'answers with the sha256 of the blob',
  'end-4b: POST with digest= is all (sha384)': 'does not know digest= with POST: answers 202',
  'end-5: a chunk out of order is 416, and the upload goes on (sha384)':
    '2.8 takes chunks in whatever order, and fails at the end',
  'end-6: a wrong digest is 400 DIGEST_INVALID and keeps nothing, by POST (sha384)':
    'does not know digest= with POST: answers 202',
  'end-4a, end-6: POST and PUT (sha512)': 'answers with the sha256 of the blob',
  'end-4b: POST with digest= is all (sha512)': 'does not know digest= with POST: answers 202',
  'end-5: a chunk out of order is 416, and the upload goes on (sha512)':
    '2.8 takes chunks in whatever order, and fails at the end',
  'end-6: a wrong digest is 400 DIGEST_INVALID and keeps nothing, by POST (sha512)':
    'does not know digest= with POST: answers 202',
  'end-4a: Location is path-absolute': 'absolute, with its own idea of its address',
  'end-5: Content-Range and Content-Length have to agree': 'does not look at Content-Range',
  'end-11: mount takes a blob over from another repository':
    'mounts under the sha256 what was asked for by its sha512',
  'end-8a: tags come in byte order': 'in the order of the folder',
  'end-8b: tags by pages, each linked to the next': '2.8 has no pages of tags',
  'end-8b: n=0 is an empty page without a link': '2.8 has no pages of tags',
  'end-8a: without a tag the list is empty': '404 before the first tag',
  'end-12a: nobody refers to an unknown subject: an empty index': 'has no referrers',
  'end-12a, end-12b: referrers with type and annotations, filtered, until they are deleted':
    'has no referrers',
  'end-7: OCI-Subject says that the subject was understood, be it there or not': 'has no referrers',
  'end-12a: a digest that is none is 400': 'has no referrers',
};

describeWith(['docker-registry'], 'the same checks of the spec against docker-registry', () => {
  let registry: Registry;
  let client: SpecClient;

  beforeAll(async () => {
    registry = await startRegistry();
    client = new SpecClient(registry.url);
  });
  afterAll(async () => {
    client.close();
    await registry.close();
  });

  const cases = SPEC_CASES.map((one, at) => [one.name, one, `spec/case-${at}`] as const);

  // oxlint-disable-next-line vitest/expect-expect -- the cases bring their own
  it.concurrent.each(cases.filter(([name]) => DIFFERENCES[name] === undefined))(
    '%s',
    (_name, one, repository) => one.run(client, repository),
  );

  it.concurrent.each(cases.filter(([name]) => DIFFERENCES[name] !== undefined))(
    'differs: %s',
    async (_name, one, repository) => {
      await expect(one.run(client, repository)).rejects.toBeInstanceOf(Error);
    },
  );

  it('knows of no difference in a check that there is not', () => {
    const names = new Set(SPEC_CASES.map(({ name }) => name));
    expect(Object.keys(DIFFERENCES).filter((name) => !names.has(name))).toEqual([]);
  });
});
