import { makeDescriptor, type Descriptor } from '../../model/descriptor.ts';
import type { ImageManifest } from '../../model/manifest.ts';
import { entryFor, nodeOfJson, withEntries, type ImageNode, type IndexEntry } from '../plan/node.ts';
import { attestedBy, attesting } from '../plan/platform-filter.ts';
import { formatOf, layerType, typesOf, type Format } from './layer-types.ts';

/** The images that are changed, by the digest of their manifest before, with the format and layers that they get. */
export type Converted = ReadonlyMap<
  string,
  { readonly format: Format; readonly layers: readonly Descriptor[] }
>;

/**
 * Writes the manifests of changed images anew, and the indexes that name these. Returns the node itself if nothing in it
 * changed. `format`: the format of indexes, if they are to have another.
 */
export function convertNode(node: ImageNode, converted: Converted, format: Format | undefined): ImageNode {
  const { manifest, stored } = node;
  if (manifest.kind === 'image') {
    const change = converted.get(stored.digest.text);
    return change === undefined ? node : convertImage(manifest, change.format, change.layers);
  }
  const entries = attestAgain(
    node.entries.map(({ descriptor, node: child }) => ({
      before: descriptor,
      after: entryFor(descriptor, convertNode(child, converted, format)),
    })),
  );
  const wanted = format ?? indexFormat(manifest.mediaType, entries);
  const isSame =
    wanted === formatOf(manifest.mediaType) &&
    entries.every(
      ({ descriptor }, at) => descriptor.digest.text === node.entries[at]?.descriptor.digest.text,
    );
  return isSame ? node : withEntries(node, entries, typesOf(wanted).index);
}

/** A list of Docker's can't name OCI manifests. */
function indexFormat(mediaType: string, entries: readonly IndexEntry[]): Format {
  const isAllDocker = entries.every(({ node }) => formatOf(node.manifest.mediaType) === 'docker');
  return isAllDocker ? formatOf(mediaType) : 'oci';
}

/** Makes the attestations of an index name the digests that their images have now. */
function attestAgain(
  entries: readonly { readonly before: Descriptor; readonly after: IndexEntry }[],
): readonly IndexEntry[] {
  const now = new Map(entries.map(({ before, after }) => [before.digest.text, after.descriptor.digest.text]));
  return entries.map(({ after }) => {
    const digest = now.get(attestedBy(after.descriptor) ?? '');
    if (digest === undefined || digest === attestedBy(after.descriptor)) return after;
    const descriptor = makeDescriptor(after.descriptor, attesting(digest, after.descriptor));
    return { ...after, descriptor };
  });
}

function convertImage(manifest: ImageManifest, format: Format, layers: readonly Descriptor[]): ImageNode {
  const { manifest: mediaType, config } = typesOf(format);
  const json = { ...manifest.config.json, mediaType: config };
  // What schema 2 has no members for is dropped: docker refuses a manifest that names a subject.
  const { subject: _subject, annotations: _annotations, artifactType: _type, ...plain } = manifest.json;
  const rest = format === 'docker' ? plain : manifest.json;
  const parts = {
    config: json,
    layers: layers.map((layer) => ({ ...layer.json, mediaType: layer.mediaType })),
  };
  return nodeOfJson({ ...rest, mediaType, ...parts }, mediaType);
}

/** Returns the descriptor of a layer that keeps its bytes, in another format. */
export function renamedLayer(layer: Descriptor, format: Format): Descriptor {
  return makeDescriptor({ ...layer, mediaType: layerType(layer.mediaType, format) }, layer.json);
}
