import { isRepository, isTag } from '../registry/grammar.ts';
import type { Algorithm, Digest } from '../registry/digest.ts';

const UPLOAD = /^[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}$/;

/** How names in staging begin that belong to the collector of garbage. */
export const COLLECTED = 'collected-';

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

  constructor(directory: string) {
    this.root = `${directory}/docker/registry/v2`;
    this.blobs = `${this.root}/blobs`;
    this.repositories = `${this.root}/repositories`;
    this.staging = `${this.root}/.staging`;
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

  uploads(name: string): string {
    return `${this.repository(name)}/_uploads`;
  }

  upload(name: string, id: string): string {
    if (!isUpload(id)) throw new Error('not the name of an upload');
    return `${this.uploads(name)}/${id}`;
  }
}

/** Within the folder of a tag: what it names now, and one link for each manifest that it has named. */
export const CURRENT = 'current/link';

export function indexLink({ algorithm, hex }: Digest): string {
  return `index/${algorithm}/${hex}/link`;
}
