import { createHash } from 'node:crypto';
import { isRepository, isTag } from '../../../oci/request/route.ts';
import type { Algorithm, Digest } from '../../../oci/digest.ts';

const UPLOAD = /^[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}$/;

/** Prefix of names in staging that belong to the garbage collector. */
export const COLLECTED = 'collected-';

/** An upload session: its name, its repository, and the user that began it (empty for anonymous clients). */
export interface UploadSession {
  readonly repository: string;
  readonly id: string;
  readonly owner: string;
}

/** An upload session as a request names it. */
export type SessionName = Pick<UploadSession, 'repository' | 'id'>;

/** Names of session files: the UUID and a hash of the repository. */
const SESSION = /^[a-f0-9-]{36}\.[a-f0-9]{16}$/;

export function isSessionFile(name: string): boolean {
  return SESSION.test(name);
}

/** Reports whether a name is that of an upload session: a UUID, as in distribution. */
export function isUpload(id: string): boolean {
  return UPLOAD.test(id);
}

/**
 * All paths of a registry, in the layout of distribution's file system driver, so that a volume can be used by either
 * without a copy. Callers pass names that the grammar has accepted; this class checks them again, so no path it returns
 * is outside its root.
 */
export class Paths {
  readonly root: string;
  readonly blobs: string;
  readonly repositories: string;
  /**
   * Unfinished files. Next to distribution's folders, which distribution does not read, and on the same file system.
   */
  readonly staging: string;
  /**
   * Upload sessions: a folder for each user with a file for each session. They are outside the repositories, so that a
   * session leaves no files there, and sorted by user, so that counting a user's sessions reads one folder.
   */
  readonly uploads: string;

  constructor(directory: string) {
    this.root = `${directory}/docker/registry/v2`;
    this.blobs = `${this.root}/blobs`;
    this.repositories = `${this.root}/repositories`;
    this.staging = `${this.root}/.staging`;
    this.uploads = `${this.root}/.uploads`;
  }

  /** The folder of a blob. Its bytes are in the file `data`. */
  blobFolder({ algorithm, hex }: Digest): string {
    return `${this.blobs}/${algorithm}/${hex.slice(0, 2)}/${hex}`;
  }

  blob(digest: Digest): string {
    return `${this.blobFolder(digest)}/data`;
  }

  /** The path of a blob while the garbage collector decides about it. Pulls read it there meanwhile. */
  collected({ algorithm, hex }: Digest): string {
    return `${this.staging}/${COLLECTED}${algorithm}-${hex}`;
  }

  repository(name: string): string {
    if (!isRepository(name)) throw new Error('not the name of a repository');
    return `${this.repositories}/${name}`;
  }

  layers(name: string, algorithm: Algorithm): string {
    return `${this.repository(name)}/_layers/${algorithm}`;
  }

  layer(name: string, { algorithm, hex }: Digest): string {
    return `${this.layers(name, algorithm)}/${hex}/link`;
  }

  revisions(name: string, algorithm: Algorithm): string {
    return `${this.repository(name)}/_manifests/revisions/${algorithm}`;
  }

  revision(name: string, { algorithm, hex }: Digest): string {
    return `${this.revisions(name, algorithm)}/${hex}/link`;
  }

  tags(name: string): string {
    return `${this.repository(name)}/_manifests/tags`;
  }

  tag(name: string, tag: string): string {
    if (!isTag(tag)) throw new Error('not a tag');
    return `${this.tags(name)}/${tag}`;
  }

  /** Where distribution and older versions of this program keep the upload sessions of a repository. */
  foreignUploads(name: string): string {
    return `${this.repository(name)}/_uploads`;
  }

  /**
   * The folder for the upload sessions of one user. Named by a hash, since a user name may hold characters that file
   * names can't.
   */
  uploadsOf(owner: string): string {
    return `${this.uploads}/${hashOf(owner, 32)}`;
  }

  upload({ repository, id, owner }: UploadSession): string {
    if (!isUpload(id) || !isRepository(repository)) throw new Error('not the name of an upload');
    return `${this.uploadsOf(owner)}/${id}.${hashOf(repository, 16)}`;
  }
}

/** The longest names that clients and other registries use have half as many components. */
const MOST_COMPONENTS = 32;

/** Reports whether a name has more components than the registry creates folders for. */
export function isTooDeep(repository: string): boolean {
  return repository.split('/').length > MOST_COMPONENTS;
}

function hashOf(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** Within the folder of a tag: the current manifest, and one link for each manifest that the tag has named. */
export const CURRENT = 'current/link';

export function indexLink({ algorithm, hex }: Digest): string {
  return `index/${algorithm}/${hex}/link`;
}
