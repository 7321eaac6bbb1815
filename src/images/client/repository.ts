import { piecesOf } from '../../lib/streams/pieces-of.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { parseManifest } from '../model/manifest.ts';
import type { Pieces, Repository } from '../store.ts';
import { listTags } from './lists/names.ts';
import { deleteManifest, findManifest, putManifest, readManifest } from './manifests/manifests.ts';
import { listByTag, listReferrers } from './manifests/referrers.ts';
import { endingBy, type Session } from './session/session.ts';
import { deleteBlob } from './transfers/delete-blob.ts';
import { download, downloadWhole } from './transfers/download.ts';
import { hasBlob, uploadBlob, uploadNewBlob } from './transfers/upload.ts';
import { cancelUpload, mountOrOpen, type Upload } from './transfers/upload-session.ts';

/** Uploads that a registry began in place of a mount, kept for the upload that follows. */
const MOST_BEGUN = 64;

/** Opens a repository of a registry. */
export function openRepository(session: Session, repository: string): Repository {
  const place = { session, repository };
  const begun = new Map<string, Upload>();
  const takeBegun = ({ digest }: Pick<Descriptor, 'digest'>): Upload | undefined => {
    const upload = begun.get(digest.text);
    begun.delete(digest.text);
    return upload;
  };
  return {
    label: `${session.registry}/${repository}`,
    origin: { registry: session.registry, repository },
    readManifest: (reference) => readManifest(place, reference),
    findManifest: (reference) => findManifest(place, reference),
    deleteManifest: (reference) => deleteManifest(place, reference),
    deleteBlob: (digest) => deleteBlob(place, digest),
    putManifest: async (stored, names, parsed) => {
      const answers = await putManifest(place, stored, names);
      await listByTag(place, { stored, parsed: parsed ?? parseManifest(stored) }, answers);
    },
    readBlob: (blob, options) => download(place, blob, options),
    readWhole: (blob, options) => downloadWhole(place, blob, options),
    listTags: () => listTags(session, repository),
    listReferrers: (subject) => listReferrers(place, subject),
    hasBlob: ({ digest }) => hasBlob(place, digest),
    async mountBlob({ digest }, from) {
      const upload = await mountOrOpen(place, { digest, from });
      if (upload !== undefined && begun.size < MOST_BEGUN) begun.set(digest.text, upload);
      else await cancelUpload(place, upload);
      return upload === undefined;
    },
    putBlob: (blob, read, options) => uploadBlob(place, blob, read, { ...options, begun: takeBegun(blob) }),
    putWhole: async (blob, read, options) => {
      const bytes = await read();
      const from = (at: number): Pieces => piecesOf(bytes.subarray(at));
      await uploadBlob(place, blob, from, { ...options, begun: takeBegun(blob) });
    },
    putNewBlob: (read, options) => uploadNewBlob(place, read, options),
    uninterrupted: () => openRepository(endingBy(session, new AbortController().signal), repository),
    commit: async () => undefined,
    async close() {
      const uploads = [...begun.values()];
      begun.clear();
      await Promise.all(uploads.map((upload) => cancelUpload(place, upload)));
    },
  };
}
