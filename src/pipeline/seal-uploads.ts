import { randomBytes } from 'node:crypto';
import { accountOf } from '../auth/principal.ts';
import { createUploadSeal } from '../oci/request/sealed-upload.ts';
import { withUpload } from '../oci/request/with-upload.ts';
import type { Stage } from './stage.ts';

export interface SealUploadsOptions {
  /** Under which names of upload sessions are sealed: 32 bytes. Default: a key of this process. */
  readonly uploadKey?: Buffer;
}

/**
 * Whose upload is it? A session goes on for the asker who began it, in its repository: the name that the client gives is
 * opened with their key, and what the registry answers is sealed with it. To anybody else the session is unknown.
 */
export function sealUploads({ uploadKey = randomBytes(32) }: SealUploadsOptions): Stage {
  return function sealUploads(context) {
    const { request, principal } = context;
    if (request?.route.kind !== 'uploads' && request?.route.kind !== 'upload') return true;
    const { route } = request;
    const asker = accountOf(principal);
    const seal = createUploadSeal(uploadKey, asker, route.repository);
    context.uploadSeal = seal;
    if (route.kind === 'upload') context.request = withUpload(request, route, seal.open(route.upload));
    return true;
  };
}
