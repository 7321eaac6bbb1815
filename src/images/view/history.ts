import type { HistoryEntry, ImageConfig } from '../model/config.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { layerCompression } from '../model/media-types.ts';

/** A step of a build with the layer that it made. */
export interface HistoryStep extends HistoryEntry {
  /** Undefined for a step without a layer, or if the history has more steps with layers than there are layers. */
  readonly layer: Descriptor | undefined;
  readonly diffId: string | undefined;
  /** Bytes of the layer as it is stored, 0 without one. Undefined if it is unknown. */
  readonly size: number | undefined;
  /** Whether `size` counts compressed bytes. */
  readonly isCompressed: boolean;
}

/**
 * Aligns the history of an image with its layers (image-spec: "history"), the oldest step first. Layers that the history
 * does not tell of are steps of their own at the end: some builders write no history. Steps that say that they made a
 * layer that is not there have none.
 */
export function readHistory(config: ImageConfig, layers: readonly Descriptor[]): readonly HistoryStep[] {
  let next = 0;
  const layerOf = (isEmpty: boolean): Pick<HistoryStep, 'layer' | 'diffId' | 'size' | 'isCompressed'> => {
    if (isEmpty) return { layer: undefined, diffId: undefined, size: 0, isCompressed: false };
    const at = next;
    next += 1;
    const layer = layers[at];
    const isCompressed = layer !== undefined && layerCompression(layer.mediaType) !== 'none';
    return { layer, diffId: config.diffIds[at], size: layer?.size, isCompressed };
  };
  const told = config.history.map((entry) => ({ ...entry, ...layerOf(entry.isEmpty) }));
  const untold = layers
    .slice(next)
    .map(() => ({ created: '', createdBy: '', author: '', comment: '', isEmpty: false, ...layerOf(false) }));
  return [...told, ...untold];
}
