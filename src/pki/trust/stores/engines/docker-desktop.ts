import { join } from 'node:path';
import { registryName, type TrustStore } from '../store.ts';
import { WINDOWS } from '../systems/windows.ts';

/** Docker Desktop copies `~/.docker/certs.d` into its machine, and on Windows the roots of the system: https://docs.docker.com/desktop/troubleshoot-and-support/faqs/general/. */
export const DOCKER_DESKTOP: TrustStore = {
  writer: 'user',
  platforms: ['linux', 'darwin', 'win32'],
  signs: {
    paths: ({ home, root }) => [
      join(home, '.docker/desktop'),
      join(root, 'Applications/Docker.app'),
      join(root, 'Program Files/Docker/Docker'),
    ],
  },
  content: (request) => {
    const { endpoint, authority, machine } = request;
    const notes = ['Restart Docker Desktop: it reads CA certificates when it starts.'];
    if (machine.platform === 'win32') return { ...WINDOWS.content(request), notes, undoNotes: notes };
    const folder = join(machine.home, '.docker/certs.d', registryName(endpoint));
    return { files: [{ path: join(folder, 'ca.crt'), content: authority }], notes, undoNotes: notes };
  },
};
