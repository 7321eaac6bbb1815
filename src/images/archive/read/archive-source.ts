import type { ImageSource, ListedImage } from '../../store.ts';

/** An archive as a source: its images can be listed, names and digests. */
export interface ArchiveSource extends ImageSource {
  readonly origin: undefined;
  /** Lists the images in the order of the archive. What only refers to others, such as a signature, is left out. */
  listImages(): AsyncIterable<ListedImage>;
}
