import type { Descriptor } from '../../model/descriptor.ts';
import type { ImageManifest } from '../../model/manifest.ts';
import type { Compression } from '../../model/media-types.ts';
import { renamedLayer, type Converted } from '../convert/convert-image.ts';
import type { Format } from '../convert/layer-types.ts';
import { planConversion, type Conversion } from '../convert/plan-conversion.ts';
import { imagesThere, reuseLayers } from '../convert/reuse-layers.ts';
import type { BlobReport } from '../request/copy-request.ts';
import { nodesOf, type ImageNode } from '../plan/node.ts';
import type { Transfer } from '../request/transfer.ts';
import { transferBlob } from './transfer-blob.ts';

interface Transferred {
  readonly blobs: readonly BlobReport[];
  readonly converted: Converted;
}

interface ToConvert {
  readonly digest: string;
  readonly manifest: ImageManifest;
  readonly conversion: Conversion;
}

/**
 * Brings all blobs of images into the target, each once: those that stay as they are, and those that are compressed
 * anew. `fail` ends the other transfers when one has failed.
 */
export async function transferImages(
  transfer: Transfer,
  roots: readonly ImageNode[],
  fail: (error: unknown) => void,
): Promise<Transferred> {
  const work = await planTransfer(transfer, roots);
  transfer.observer?.planned([...work.plain.values(), ...[...work.anew.values()].map(({ layer }) => layer)]);
  const reports: BlobReport[] = [];
  const plain = inOrder(transfer, [...work.plain.values()]).map(async (blob) => {
    const outcome = await transferBlob(transfer, blob);
    reports.push({ digest: blob.digest.text, mediaType: blob.mediaType, size: blob.size, outcome });
  });
  const made = new Map<string, Descriptor>();
  const anew = [...work.anew].map(async ([key, { layer, format, compression }]) => {
    // Most copies compress nothing.
    const { convertLayer } = await import('../convert/convert-layer.ts');
    const now = await convertLayer(transfer, layer, { format, compression });
    made.set(key, now);
    reports.push({ digest: now.digest.text, mediaType: now.mediaType, size: now.size, outcome: 'converted' });
  });
  await allOf([...plain, ...anew], fail);
  const converted = new Map(work.reused);
  for (const { digest, manifest, conversion } of work.toConvert) {
    const { format, layers } = conversion;
    const now = manifest.layers.map(
      (layer, at) => made.get(keyOf(layer, layers[at], format)) ?? renamedLayer(layer, format),
    );
    converted.set(digest, { format, layers: now });
  }
  return { blobs: reports, converted };
}

interface Work {
  /** By digest. */
  readonly plain: ReadonlyMap<string, Descriptor>;
  readonly anew: ReadonlyMap<string, NewLayer>;
  readonly toConvert: readonly ToConvert[];
  readonly reused: Converted;
}

interface NewLayer {
  readonly layer: Descriptor;
  readonly format: Format;
  readonly compression: Compression;
}

async function planTransfer({ request }: Transfer, roots: readonly ImageNode[]): Promise<Work> {
  const plain = new Map<string, Descriptor>();
  const anew = new Map<string, NewLayer>();
  const toConvert: ToConvert[] = [];
  const reused = new Map<string, { readonly format: Format; readonly layers: readonly Descriptor[] }>();
  let there: readonly ImageManifest[] | undefined;
  for (const { manifest, stored } of roots.flatMap(nodesOf)) {
    if (manifest.kind === 'index') continue;
    const conversion = planConversion(request, manifest);
    const add = (blob: Descriptor): void => void plain.set(blob.digest.text, blob);
    add(manifest.config);
    if (conversion === undefined) {
      manifest.layers.forEach(add);
      continue;
    }
    there ??= await imagesThere(request.target, request.names);
    const layers = await reuseLayers(request.target, manifest, conversion, there);
    if (layers !== undefined) {
      reused.set(stored.digest.text, { format: conversion.format, layers });
      layers.forEach(add);
      continue;
    }
    toConvert.push({ digest: stored.digest.text, manifest, conversion });
    manifest.layers.forEach((layer, at) => {
      const compression = conversion.layers[at];
      if (compression === undefined) add(layer);
      else
        anew.set(keyOf(layer, compression, conversion.format), {
          layer,
          format: conversion.format,
          compression,
        });
    });
  }
  return { plain, anew, toConvert, reused };
}

function keyOf({ digest }: Descriptor, compression: Compression | undefined, format: Format): string {
  return `${digest.text} ${compression ?? 'as it is'} ${format}`;
}

/** The largest first into a registry, so that none is left over at the end; an archive has one place to write to. */
function inOrder({ request }: Transfer, blobs: readonly Descriptor[]): readonly Descriptor[] {
  return request.target.origin === undefined ? blobs : blobs.toSorted((a, b) => b.size - a.size);
}

/** Waits for all. After the first failure the others are ended, and waited for: nothing goes on behind the caller. */
async function allOf(running: readonly Promise<unknown>[], fail: (error: unknown) => void): Promise<void> {
  let first: { readonly error: unknown } | undefined;
  const watched = running.map((one) =>
    one.catch((error: unknown) => {
      first ??= { error };
      fail(error);
    }),
  );
  await Promise.all(watched);
  if (first !== undefined) throw first.error;
}
