import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

/** The names of upload sessions of one client in one repository, as that client knows them. */
export interface UploadSeal {
  /** The name for the client of what the registry calls so. */
  seal(id: string): string;
  /** The inverse. What was sealed for somebody else becomes a name that the registry does not know. */
  open(id: string): string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UPLOAD_PATH = /^(\/v2\/[^?#]+\/blobs\/uploads\/)([^/?#]+)/;
const CIPHER = 'aes-128-ecb';
const KEY_BYTES = 16;

/**
 * Binds sessions to who began them, without a memory: every name that a client sees was encrypted for this asker and this
 * repository. A UUID is one block of AES, and becomes another UUID; so clients, and gates with the same key, notice
 * nothing, and the name of somebody else's session opens to a random one. Names of another form stay as they are: the
 * registry may read something in them.
 */
export function createUploadSeal(key: Buffer, asker: string, repository: string): UploadSeal {
  const own = createHmac('sha256', key)
    .update(JSON.stringify([asker, repository]))
    .digest();
  const blockKey = own.subarray(0, KEY_BYTES);
  return {
    seal: (id) => (UUID.test(id) ? turn(id, createCipheriv(CIPHER, blockKey, null)) : id),
    open: (id) => (UUID.test(id) ? turn(id, createDecipheriv(CIPHER, blockKey, null)) : id),
  };
}

type Turn = ReturnType<typeof createCipheriv> | ReturnType<typeof createDecipheriv>;

function turn(id: string, cipher: Turn): string {
  const block = cipher.setAutoPadding(false).update(Buffer.from(id.replaceAll('-', ''), 'hex'));
  return block.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

type Fields = Readonly<Record<string, string | readonly string[]>>;

/** The fields of an answer with every name of a session as its client knows it: in `Location`, byte for byte otherwise, and in `Docker-Upload-UUID`. */
export function sealFields<T extends Fields>(fields: T, { seal }: UploadSeal): T {
  const sealed = Object.entries(fields).map(([name, value]) => {
    const field = name.toLowerCase();
    if (typeof value !== 'string') return [name, value];
    if (field === 'docker-upload-uuid') return [name, seal(value)];
    const rename = (_path: string, before: string, id: string): string => before + seal(id);
    return [name, field === 'location' ? value.replace(UPLOAD_PATH, rename) : value];
  });
  return { ...fields, ...Object.fromEntries(sealed) };
}
