import { truncate, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeImage, type Image } from '../../support/images.ts';
import { mustRun, openFixture, type Fixture } from '../cures-fixture.ts';

const SAVE = 'registry-gate images copy oci:good oci-archive:image.tar';

interface Row {
  readonly code: string;
  readonly name: string;
  readonly given: (fixture: Fixture, image: Image) => Promise<unknown>;
  readonly command: string;
  /** What the hint says: to make it again, from where it is whole. */
  readonly cure: string;
}

const ROWS: readonly Row[] = [
  {
    code: 'ARCHIVE_INVALID',
    name: 'an archive that is cut short',
    given: async (fixture) => {
      expect(await fixture.type(SAVE)).toMatchObject({ status: 0 });
      await truncate('image.tar', 5000);
    },
    command: 'registry-gate images copy oci-archive:image.tar oci:out',
    cure: SAVE,
  },
  {
    code: 'ARCHIVE_INVALID',
    name: 'a file that is something else',
    given: () => writeFile('image.tar', 'hello'),
    command: 'registry-gate images copy oci-archive:image.tar oci:out',
    cure: SAVE,
  },
  {
    code: 'BLOB_MISSING',
    name: 'a layer that is lost',
    given: (_fixture, { layer }) => mustRun(`cp -r good bad && rm bad/blobs/sha256/${layer.slice(7)}`),
    command: 'registry-gate images copy oci:bad oci:out',
    cure: 'registry-gate images copy oci:good oci:bad',
  },
  {
    code: 'DIGEST_MISMATCH',
    name: 'a layer that is damaged',
    given: (_fixture, { layer }) =>
      mustRun(`cp -r good bad && printf x >> bad/blobs/sha256/${layer.slice(7)}`),
    command: 'registry-gate images copy oci:bad oci:out',
    cure: 'registry-gate images copy oci:good oci:bad',
  },
];

describe('the cures of archives, followed as they are printed', () => {
  let fixture: Fixture;
  let image: Image;
  beforeEach(async () => {
    fixture = await openFixture();
    image = await writeImage('good', 1);
  });
  afterEach(() => fixture.close());

  it.each(ROWS)('$code: $name', async ({ code, given, command, cure }) => {
    await given(fixture, image);
    const seen = await fixture.type(command);
    expect(seen).toMatchObject({ code });
    expect(seen.status).not.toBe(0);
    expect(seen.hint).toMatch(/again/);
    expect(await fixture.type(cure)).toMatchObject({ status: 0 });
    expect(await fixture.type(command)).toMatchObject({ status: 0, code: undefined });
  });
});
