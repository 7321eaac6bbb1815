import type { Descriptor } from '../model/descriptor.ts';
import type { ImageIndex } from '../model/manifest.ts';
import { isUnknownPlatform, renderPlatform } from '../model/platform.ts';

/** The annotation by which an attestation of BuildKit names the manifest that it is about. */
export const ATTESTED = 'vnd.docker.reference.digest';

/** An entry of an index that is an image, with the attestations that stand beside it. */
export interface PlatformImage {
  /** `linux/arm64/v8`. Empty if the index states none. */
  readonly platform: string;
  readonly osVersion: string | undefined;
  readonly entry: Descriptor;
  readonly attestations: readonly Descriptor[];
}

/** Lists the images of an index. What has an unknown platform is an attestation of one of them, or nothing that runs. */
export function platformImages({ manifests }: ImageIndex): readonly PlatformImage[] {
  const attestations = Map.groupBy(manifests, ({ annotations }) => annotations[ATTESTED] ?? '');
  return manifests
    .filter((entry) => entry.platform === undefined || !isUnknownPlatform(entry.platform))
    .map((entry) => ({
      platform: entry.platform === undefined ? '' : renderPlatform(entry.platform),
      osVersion: entry.platform?.osVersion,
      entry,
      attestations: attestations.get(entry.digest.text) ?? [],
    }));
}
