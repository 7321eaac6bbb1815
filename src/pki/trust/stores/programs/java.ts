import { entryName, ownFile, type TrustStore } from '../store.ts';

/** The password that every JDK ships its cacerts with. It protects nothing: the file is public. */
const STORE = ['-cacerts', '-storepass', 'changeit'] as const;

/** cacerts of the JDK that `keytool` on PATH belongs to: keytool(1). */
export const JAVA: TrustStore = {
  writer: 'root',
  platforms: ['linux', 'darwin'],
  signs: { programs: ['keytool'] },
  content: (request) => {
    const certificate = ownFile(request);
    const alias = entryName(request);
    return {
      files: [certificate],
      programs: [
        {
          install: [
            'keytool',
            '-importcert',
            '-noprompt',
            ...STORE,
            '-alias',
            alias,
            '-file',
            certificate.path,
          ],
          undo: ['keytool', '-delete', ...STORE, '-alias', alias],
          probe: ['keytool', '-list', ...STORE, '-alias', alias],
        },
      ],
      notes: [
        'Java programs that run already keep their old list. Each JDK has a cacerts of its own: this is that of the keytool on PATH.',
        'This JDK now trusts the CA for every name that it signs, not only for the registry.',
      ],
    };
  },
};
