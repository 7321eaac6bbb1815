/** The examples of `images` and its commands. */
export const IMAGES_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  images: ['registry-gate images list registry.lan', 'registry-gate images inspect registry.lan/team/app:1'],
};
