import { entryName, ownFile, type TrustStore } from '../store.ts';

/** The databases of NSS that Firefox and Chromium keep for this user: certutil(1) of libnss3-tools. */
export const FIREFOX: TrustStore = {
  writer: 'both',
  platforms: ['linux', 'darwin'],
  signs: { paths: ({ nssFolders }) => nssFolders },
  content: (request) => {
    const certificate = ownFile(request);
    const name = entryName(request);
    const { nssFolders } = request.machine;
    return {
      files: [certificate],
      programs: nssFolders.map((folder) => {
        const at = ['-d', `sql:${folder}`, '-n', name];
        return {
          install: ['certutil', '-A', ...at, '-t', 'C,,', '-i', certificate.path],
          undo: ['certutil', '-D', ...at],
          probe: ['certutil', '-L', ...at],
        };
      }),
      notes: [
        nssFolders.length === 0
          ? 'This user has no profile of Firefox or Chromium yet. Start the browser once, then run the same again.'
          : 'Restart the browser. It now trusts the CA for every name that the CA signs, not only for the registry.',
      ],
    };
  },
};
