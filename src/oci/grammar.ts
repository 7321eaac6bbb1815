/**
 * The grammar of names, tags and digests (OCI distribution-spec v1.1, "Pulling manifests"; image-spec, "Digests"). The
 * expressions are anchored and have no nested repetition over the same characters, so matching is linear in the length
 * of the text.
 */

/**
 * The longest repository name that clients accept together with the host (distribution-spec: 255 characters in all).
 */
const LONGEST_REPOSITORY = 255;

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]{16,256}$/;
/** Upload session ids are opaque in the spec. Registries use UUIDs and base64url. */
const UPLOAD_ID = /^[A-Za-z0-9._=-]{1,256}$/;

export function isRepository(text: string): boolean {
  return text.length <= LONGEST_REPOSITORY && REPOSITORY.test(text);
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

export function isUploadId(text: string): boolean {
  return UPLOAD_ID.test(text) && text !== '.' && text !== '..';
}
