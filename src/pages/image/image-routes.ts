import type { PageRoutes } from '../request/page-request.ts';
import { compareRoutes } from './compare/compare.ts';
import { filesRoutes, type FilesRoutesOptions } from './files/files.ts';
import { overviewRoutes, type OverviewOptions } from './overview/overview.ts';
import { referrerRoutes } from './referrer/referrer.ts';

export type ImageOptions = OverviewOptions & FilesRoutesOptions;

/** The pages about one image. */
export function imageRoutes(options: ImageOptions): PageRoutes {
  return {
    ...overviewRoutes(options),
    ...referrerRoutes(options),
    ...compareRoutes(options),
    ...filesRoutes(options),
  };
}
