import { createProblem, type Problem } from '../../../oci/problem.ts';

/** Problems that the end-points answer with. */
export const BLOB_UNKNOWN = createProblem('BLOB_UNKNOWN', 'This repository holds no such blob.');
export const MANIFEST_UNKNOWN = createProblem(
  'MANIFEST_UNKNOWN',
  'This repository holds no such manifest, or the tag does not exist.',
);
export const NAME_UNKNOWN = createProblem('NAME_UNKNOWN', 'There is no such repository.');
export const UPLOAD_UNKNOWN = createProblem(
  'BLOB_UPLOAD_UNKNOWN',
  'There is no such upload. It may have ended, or lain still for more than a day.',
);
export const UPLOAD_BUSY = createProblem(
  'BLOB_UPLOAD_INVALID',
  'Another request is writing to this upload.',
  {
    status: 409,
  },
);
export const UPLOAD_MIXED = createProblem(
  'BLOB_UPLOAD_INVALID',
  'Something else wrote to this upload at the same time. Begin it again.',
);
export const DIGEST_UNSUPPORTED = createProblem(
  'DIGEST_INVALID',
  'The digest is malformed, or its algorithm is not served here: sha256, sha384 and sha512 are.',
);
export const DIGEST_MISSING = createProblem(
  'DIGEST_INVALID',
  'An upload ends with ?digest=, which is missing.',
);
export const DIGEST_WRONG = createProblem(
  'DIGEST_INVALID',
  'The content that came does not have this digest. Nothing was kept.',
);
export const BLOB_MISSING = createProblem(
  'MANIFEST_BLOB_UNKNOWN',
  'The manifest names a config or a layer that this repository does not hold. Push the blobs first.',
);
export const BODIES_FULL = createProblem(
  'UNAVAILABLE',
  'Too many large manifests are being pushed at this moment. Try again.',
  { status: 503, headers: { 'Retry-After': '2' } },
);
export const TAG_INVALID = createProblem('TAG_INVALID', 'A tag that was asked for is not a legal tag.');
export const TAGS_TOO_MANY = createProblem('TAG_INVALID', 'One request may set 100 tags.', { status: 414 });
export const PAGE_INVALID = createProblem('PAGINATION_NUMBER_INVALID', 'n is not the size of a page.');
export const NAME_TOO_DEEP = createProblem(
  'NAME_INVALID',
  'The name of the repository has more than 32 parts between slashes, which is the most that this registry makes folders for.',
);

/** The user has the most upload sessions allowed, none of them abandoned. */
export function tooManyUploads(most: number): Problem {
  return createProblem(
    'TOOMANYREQUESTS',
    `You have ${most} unfinished uploads here, the most that one user may have. Finish or cancel some of them; one that lies still for an hour makes room for a new one.`,
    { headers: { 'Retry-After': '60' } },
  );
}

/** The unfinished uploads of a user hold the most bytes allowed. */
export function tooManyUploadBytes(most: number): Problem {
  return createProblem(
    'TOOMANYREQUESTS',
    `Your unfinished uploads hold more than ${Math.floor(most / 1e6)} MB here, the most that those of one user may hold. Finish or cancel some of them.`,
    { headers: { 'Retry-After': '60' }, close: true },
  );
}
