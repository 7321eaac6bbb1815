import type { Logger } from '../logger.ts';

/** Says of a followed file that it was replaced where this process can't see it. */
export function sayDetached(logger: Logger): (path: string) => void {
  return (file) =>
    logger.warn(
      { file },
      'this file was replaced outside of the container, and the old one is still mounted here: mount its directory instead of the file, and restart the container now',
    );
}
