import { join } from 'node:path';
import {
  fileName,
  registryName,
  type StoreCommand,
  type StoreContent,
  type SystemLayout,
  type TrustRequest,
  type TrustStore,
} from '../store.ts';

interface Anchors {
  readonly folder: string;
  readonly install: StoreCommand;
  readonly undo: StoreCommand;
}

/** Alpine has the folder and the program of Debian. */
const ANCHORS: Readonly<Record<Exclude<SystemLayout, 'bundle'>, Anchors>> = {
  debian: {
    folder: 'usr/local/share/ca-certificates',
    install: ['update-ca-certificates'],
    undo: ['update-ca-certificates', '--fresh'],
  },
  redhat: {
    folder: 'etc/pki/ca-trust/source/anchors',
    install: ['update-ca-trust', 'extract'],
    undo: ['update-ca-trust', 'extract'],
  },
  arch: {
    folder: 'etc/ca-certificates/trust-source/anchors',
    install: ['update-ca-trust'],
    undo: ['update-ca-trust'],
  },
  suse: {
    folder: 'etc/pki/trust/anchors',
    install: ['update-ca-certificates'],
    undo: ['update-ca-certificates'],
  },
};

/** Where Go, OpenSSL and curl of small images look, which have a list and no program that makes it. */
const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';

/** The trust store of the operating system: update-ca-certificates(8), update-ca-trust(8). */
export const SYSTEM: TrustStore = {
  writer: 'root',
  signs: { paths: ({ root }) => [join(root, 'etc/ssl'), join(root, 'etc/pki')] },
  content: (request) => systemContent(request),
};

/** The content of the store. A client that needs it beside its own files gives its name, and has a file of its own there. */
export function systemContent({ endpoint, authority, machine }: TrustRequest, client = ''): StoreContent {
  const notes = [
    'Programs that run already keep their old list: restart Docker with systemctl restart docker (a reload is not enough).',
    'This machine now trusts the CA for every name that it signs, not only for the registry.',
  ];
  const undoNotes = ['Restart Docker for it to notice: systemctl restart docker'];
  if (machine.layout === 'bundle') {
    const name = `${client} ${registryName(endpoint)}`.trim();
    const part = { kind: 'block', name, content: authority } as const;
    return { files: [], shared: [{ path: join(machine.root, BUNDLE), part }], notes, undoNotes };
  }
  const { folder, install, undo } = ANCHORS[machine.layout];
  const file = [fileName(endpoint), client].filter(Boolean).join('-');
  return {
    files: [{ path: join(machine.root, folder, `${file}.crt`), content: authority }],
    programs: [{ install, undo }],
    notes,
    undoNotes,
  };
}
