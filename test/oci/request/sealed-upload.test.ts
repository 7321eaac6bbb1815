import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createUploadSeal, sealFields } from '../../../src/oci/request/sealed-upload.ts';

const key = randomBytes(32);
const bobs = createUploadSeal(key, 'bob', 'team/app');

describe('createUploadSeal', () => {
  it('gives a name that only the same owner opens in the same repository', () => {
    const id = randomUUID();
    const name = bobs.seal(id);
    expect(name).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(name).not.toBe(id);
    expect(createUploadSeal(key, 'bob', 'team/app').open(name)).toBe(id);
    for (const other of [
      createUploadSeal(key, 'carol', 'team/app'),
      createUploadSeal(key, 'bob', 'team/other'),
      createUploadSeal(key, '', 'team/app'),
      createUploadSeal(randomBytes(32), 'bob', 'team/app'),
      // Owner and repository can't be shifted into one another.
      createUploadSeal(key, 'bob","team', 'app'),
    ])
      expect(other.open(name)).not.toBe(id);
  });

  it('opens the name that the registry uses itself to another', () => {
    const id = randomUUID();
    expect(bobs.open(id)).not.toBe(id);
  });

  it.each(['x', 'Zm9v_-=', 'A'.repeat(200), '0B6BD8C8-2F1F-4A6C-9D1C-3F6F1C1D2E3F'])(
    'leaves %s as it is',
    (id) => {
      expect([bobs.seal(id), bobs.open(id)]).toEqual([id, id]);
    },
  );
});

describe('sealFields', () => {
  const id = randomUUID();
  const name = bobs.seal(id);

  it('names a session as its client knows it, and keeps all else byte for byte', () => {
    const location = `/v2/team/app/blobs/uploads/${id}?_state=a%2Bb&x=${id}`;
    expect(
      sealFields({ Location: location, 'docker-upload-uuid': id, Range: '0-0', etag: id }, bobs),
    ).toEqual({
      Location: `/v2/team/app/blobs/uploads/${name}?_state=a%2Bb&x=${id}`,
      'docker-upload-uuid': name,
      Range: '0-0',
      etag: id,
    });
  });

  it.each(['/v2/team/app/blobs/sha256:aa', `https://store.example/v2/x/blobs/uploads/${id}`, ''])(
    'leaves Location %s as it is',
    (location) => {
      expect(sealFields({ location }, bobs)).toEqual({ location });
    },
  );
});
