import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { renderQuery, type RegistryRequest } from './parse.ts';
import { renderRoute, type Route } from './route.ts';

/** Encrypts the names of upload sessions for one client and one repository. */
export interface UploadSeal {
  /** Encrypts the registry's name of a session for the client. */
  seal(id: string): string;
  /** Decrypts a name. A name that was encrypted for another client becomes one that the registry does not know. */
  open(id: string): string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UPLOAD_PATH = /^(\/v2\/[^?#]+\/blobs\/uploads\/)([^/?#]+)/;
const CIPHER = 'aes-128-ecb';
const KEY_BYTES = 16;

/**
 * Binds upload sessions to the clients that began them, without any state: the gate encrypts every session name for
 * this client and repository. A UUID is one block of AES and becomes another UUID, so clients, and gates with the same
 * key, notice no difference, and another client's session name decrypts to a random one. Names of another form stay
 * unchanged, since the registry may parse them.
 */
export function createUploadSeal(key: Buffer, owner: string, repository: string): UploadSeal {
  const own = createHmac('sha256', key)
    .update(JSON.stringify([owner, repository]))
    .digest();
  const blockKey = own.subarray(0, KEY_BYTES);
  return {
    seal: (id) => (UUID.test(id) ? cryptBlock(id, createCipheriv(CIPHER, blockKey, null)) : id),
    open: (id) => (UUID.test(id) ? cryptBlock(id, createDecipheriv(CIPHER, blockKey, null)) : id),
  };
}

type BlockCipher = ReturnType<typeof createCipheriv> | ReturnType<typeof createDecipheriv>;

function cryptBlock(id: string, cipher: BlockCipher): string {
  const block = cipher.setAutoPadding(false).update(Buffer.from(id.replaceAll('-', ''), 'hex'));
  return block.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/**
 * Encrypts the session names in the fields of an answer: in `Location`, which otherwise stays byte for byte the same,
 * and in `Docker-Upload-UUID`.
 */
export function sealFields<T extends HeaderFields>(fields: T, { seal }: UploadSeal): T {
  const sealed = Object.entries(fields).map(([name, value]) => {
    const field = name.toLowerCase();
    if (typeof value !== 'string') return [name, value];
    if (field === 'docker-upload-uuid') return [name, seal(value)];
    const rename = (_path: string, before: string, id: string): string => before + seal(id);
    return [name, field === 'location' ? value.replace(UPLOAD_PATH, rename) : value];
  });
  return { ...fields, ...Object.fromEntries(sealed) };
}

/** Returns the same request for the upload session of this name. */
export function withUpload(
  request: RegistryRequest,
  { kind, repository }: Extract<Route, { readonly kind: 'upload' }>,
  upload: string,
): RegistryRequest {
  const route = { kind, repository, upload } as const;
  return { ...request, route, target: renderRoute(route) + renderQuery(request.query) };
}
