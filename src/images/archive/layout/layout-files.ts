import type { Digest } from '../../../oci/digest.ts';

/** The files of an image layout (image-spec: "Image Layout"). */
export const LAYOUT_NAME = 'oci-layout';
export const LAYOUT_FILE = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** Where an image layout keeps a blob. */
export function blobPath({ algorithm, hex }: Digest): string {
  return `blobs/${algorithm}/${hex}`;
}
