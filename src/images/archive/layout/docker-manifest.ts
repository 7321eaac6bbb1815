import { isObject, type JsonObject } from '../../model/json.ts';
import { fullName } from './names.ts';

/** The files of what `docker save` writes (image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format"). */
export const DOCKER_MANIFEST_NAME = 'manifest.json';
export const DOCKER_REPOSITORIES_NAME = 'repositories';

/** An image in a manifest.json. */
export interface DockerEntry {
  /** The name of the config in the archive. */
  readonly config: string;
  /** Full names, as docker completes them. */
  readonly names: readonly string[];
  /** The names of the layers in the archive. */
  readonly layers: readonly string[];
  /** Descriptors of layers, by diff ID: foreign ones may be absent from the archive. */
  readonly layerSources: JsonObject;
}

/** Reads a manifest.json that was parsed. Returns undefined if it is not one. */
export function readDockerManifest(value: unknown): readonly DockerEntry[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries = value.map(readDockerEntry);
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

function readDockerEntry(value: unknown): DockerEntry | undefined {
  if (!isObject(value)) return undefined;
  const { Config: config, RepoTags: names, Layers: layers, LayerSources: sources } = value;
  if (typeof config !== 'string' || !(isTexts(layers) || layers === null)) return undefined;
  return {
    config,
    names: isTexts(names) ? names.map((name) => fullName(name) ?? name) : [],
    layers: layers ?? [],
    layerSources: isObject(sources) ? sources : {},
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((it) => typeof it === 'string');
}

/** An image to be listed in a manifest.json. */
export type NewDockerEntry = Omit<DockerEntry, 'layerSources'>;

/** Returns the bytes of a manifest.json. Bare tags are no names for docker, and are left out. */
export function writeDockerManifest(entries: readonly NewDockerEntry[]): Buffer {
  const listed = entries.map(({ config, names, layers }) => {
    const tags = repoTagsOf(names);
    return { Config: config, RepoTags: tags.length === 0 ? null : tags, Layers: layers };
  });
  return Buffer.from(JSON.stringify(listed));
}

/** Returns the bytes of the file `repositories`: by repository and tag the last layer. Only programs from before 2016 read it. */
export function writeRepositories(entries: readonly NewDockerEntry[]): Buffer {
  const repositories = new Map<string, Record<string, string>>();
  for (const { names, layers } of entries) {
    const top = /[0-9a-f]{64}/.exec(layers.at(-1) ?? '')?.[0];
    for (const name of top === undefined ? [] : repoTagsOf(names)) {
      const colon = name.lastIndexOf(':');
      const repository = name.slice(0, colon);
      repositories.set(repository, { ...repositories.get(repository), [name.slice(colon + 1)]: top ?? '' });
    }
  }
  return Buffer.from(JSON.stringify(Object.fromEntries(repositories)));
}

function repoTagsOf(names: readonly string[]): string[] {
  return names
    .map(fullName)
    .filter((name) => name !== undefined)
    .toSorted();
}
