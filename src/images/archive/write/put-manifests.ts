import { makeDescriptor, type Descriptor } from '../../model/descriptor.ts';
import type { JsonObject } from '../../model/json.ts';
import { parseManifest, type Manifest, type StoredManifest } from '../../model/manifest.ts';
import { isContainerConfig } from '../../model/media-types.ts';
import type { Platform } from '../../model/platform.ts';
import { FULL_NAME, fullName, REF_NAME } from '../layout/names.ts';

/** An image that docker can load: its blobs. */
interface ContainerImage {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A manifest that was put into an archive. */
export interface PutManifest {
  readonly descriptor: Descriptor;
  readonly names: ReadonlySet<string>;
  /** Undefined for an index and for what is not a container's. */
  readonly image: ContainerImage | undefined;
  readonly children: readonly { readonly digest: string; readonly platform: Platform | undefined }[];
}

/** Remembers what was put into an archive. Bytes are not kept. */
export class PutManifests {
  readonly #put = new Map<string, PutManifest & { readonly names: Set<string> }>();
  /** By name, the names of what has it. */
  readonly #owners = new Map<string, Set<string>>();

  /** Throws AppError IMAGE_INVALID if it is not a manifest. */
  add(stored: StoredManifest, names: readonly string[], manifest: Manifest = parseManifest(stored)): void {
    const before = this.#put.get(stored.digest.text);
    const own = before?.names ?? new Set<string>();
    // A name moves to what gets it last.
    for (const name of names) {
      this.#owners.get(name)?.delete(name);
      this.#owners.set(name, own.add(name));
    }
    this.#put.set(stored.digest.text, {
      descriptor: describe(stored, manifest),
      names: own,
      image: containerImageOf(manifest),
      children:
        manifest.kind === 'index'
          ? manifest.manifests.map(({ digest, platform }) => ({ digest: digest.text, platform }))
          : [],
    });
  }

  find(digest: string): PutManifest | undefined {
    return this.#put.get(digest);
  }

  /** What an index of the archive lists: all that is not the child of another one, and all that has a name; sorted, so that the bytes do not depend on who came first. */
  listed(): readonly PutManifest[] {
    const children = new Set(
      [...this.#put.values()].flatMap((it) => it.children.map(({ digest }) => digest)),
    );
    return [...this.#put.values()]
      .filter(({ names, descriptor }) => names.size > 0 || !children.has(descriptor.digest.text))
      .map((put) => ({ put, key: sortKey(put) }))
      .toSorted((a, b) => compare(a.key, b.key))
      .map(({ put }) => put);
  }

  /** The entries of an index.json: one for each name, as docker and skopeo write them. */
  entries(): readonly JsonObject[] {
    return this.listed().flatMap(({ descriptor, names }) =>
      names.size === 0
        ? [descriptor.json]
        : [...names]
            .toSorted(compare)
            .map((name) => ({ ...descriptor.json, annotations: annotationsOf(name) })),
    );
  }
}

function sortKey({ names, descriptor }: PutManifest): string {
  // What has no name comes behind all that has one.
  return [...names].toSorted(compare)[0] ?? `\u{10ffff}${descriptor.digest.text}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** docker takes the first for the name, and other programs the second for the tag. */
function annotationsOf(name: string): JsonObject {
  const full = fullName(name);
  return full === undefined
    ? { [REF_NAME]: name }
    : { [FULL_NAME]: full, [REF_NAME]: full.slice(full.lastIndexOf(':') + 1) };
}

function describe({ mediaType, digest, bytes }: StoredManifest, manifest: Manifest): Descriptor {
  const { artifactType } = manifest;
  return makeDescriptor(
    { mediaType: mediaType === '' ? manifest.mediaType : mediaType, digest, size: bytes.length },
    artifactType === undefined ? {} : { artifactType },
  );
}

function containerImageOf(manifest: Manifest): ContainerImage | undefined {
  if (manifest.kind === 'index' || !isContainerConfig(manifest.config.mediaType)) return undefined;
  if (manifest.artifactType !== undefined || manifest.subject !== undefined) return undefined;
  return { config: manifest.config, layers: manifest.layers };
}
