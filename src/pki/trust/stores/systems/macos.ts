import { ownFile, type TrustStore } from '../store.ts';

const KEYCHAIN = '/Library/Keychains/System.keychain';

/** The keychain of macOS: security(1). */
export const MACOS: TrustStore = {
  writer: 'root',
  platforms: ['darwin'],
  signs: { paths: () => [KEYCHAIN] },
  content: (request) => {
    const certificate = ownFile(request);
    return {
      files: [certificate],
      programs: [
        {
          install: [
            'security',
            'add-trusted-cert',
            '-d',
            '-r',
            'trustRoot',
            '-k',
            KEYCHAIN,
            certificate.path,
          ],
          undo: ['security', 'remove-trusted-cert', '-d', certificate.path],
          probe: ['security', 'verify-cert', '-q', '-c', certificate.path],
        },
      ],
      notes: [
        'Restart Docker Desktop and browsers: they read the keychain when they start.',
        'This machine now trusts the CA for every name that it signs, not only for the registry.',
      ],
      undoNotes: ['Restart Docker Desktop and browsers: they read the keychain when they start.'],
    };
  },
};
