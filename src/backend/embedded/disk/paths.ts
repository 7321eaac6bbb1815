import { createHash } from 'node:crypto';
import { isRepository, isTag } from '../../../oci/grammar.ts';
import type { Algorithm, Digest } from '../../../oci/digest.ts';

const UPLOAD = /^[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}$/;

/** How names in staging begin that belong to the collector of garbage. */
export const COLLECTED = 'collected-';

/** An upload session: its name, the repository that it is for, and who began it; empty for anonymous clients. */
export interface UploadPlace {
  readonly repository: string;
  readonly id: string;
  readonly asker: string;
}

/** A session as a request names it. */
export type SessionName = Pick<UploadPlace, 'repository' | 'id'>;

/** Names of session files: the UUID, and a hash of the repository. */
const SESSION = /^[a-f0-9-]{36}\.[a-f0-9]{16}$/;

export function isSessionFile(name: string): boolean {
  return SESSION.test(name);
}

/** Whether a name is one of an upload session: a UUID, as distribution makes them too. */
export function isUpload(id: string): boolean {
  return UPLOAD.test(id);
}

/**
 * Where everything lies: the layout of distribution's file system driver, so that a volume moves between the two
 * without a copy. Names reach this class out of the grammar; it asserts that once more, and so nothing that is made here
 * can lie outside its root.
 */
export class Paths {
  readonly root: string;
  readonly blobs: string;
  readonly repositories: string;
  /** What is not finished yet. Beside the folders of distribution, which never looks there, and on the same file system. */
  readonly staging: string;
  /**
   * Upload sessions: a folder for each user, in it a file for each session. Outside the repositories, so that a session
   * leaves nothing there, and by user, so that what one user holds is counted by reading one folder.
   */
  readonly uploads: string;

  constructor(directory: string) {
    this.root = `${directory}/docker/registry/v2`;
    this.blobs = `${this.root}/blobs`;
    this.repositories = `${this.root}/repositories`;
    this.staging = `${this.root}/.staging`;
    this.uploads = `${this.root}/.uploads`;
  }

  /** The folder of a blob; its bytes are in `data` within. */
  blobFolder({ algorithm, hex }: Digest): string {
    return `${this.blobs}/${algorithm}/${hex.slice(0, 2)}/${hex}`;
  }

  blob(digest: Digest): string {
    return `${this.blobFolder(digest)}/data`;
  }

  /** Where a blob is while it is decided whether it goes. It is read here meanwhile. */
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

  /** Where distribution, and older versions of this program, keep the sessions of a repository. */
  foreignUploads(name: string): string {
    return `${this.repository(name)}/_uploads`;
  }

  /** The folder for the sessions of one user, by a hash: a name may hold what no file name may. */
  uploadsOf(asker: string): string {
    return `${this.uploads}/${hashOf(asker, 32)}`;
  }

  upload({ repository, id, asker }: UploadPlace): string {
    if (!isUpload(id) || !isRepository(repository)) throw new Error('not the name of an upload');
    return `${this.uploadsOf(asker)}/${id}.${hashOf(repository, 16)}`;
  }
}

/** The longest names that clients and other registries use have half as many parts. */
const MOST_COMPONENTS = 32;

/** Whether a name has so many parts that no folders are made for it. */
export function isTooDeep(repository: string): boolean {
  return repository.split('/').length > MOST_COMPONENTS;
}

function hashOf(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** Within the folder of a tag: what it names now, and one link for each manifest that it has named. */
export const CURRENT = 'current/link';

export function indexLink({ algorithm, hex }: Digest): string {
  return `index/${algorithm}/${hex}/link`;
}
