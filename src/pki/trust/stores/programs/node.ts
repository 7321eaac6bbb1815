import { join } from 'node:path';
import { ownFolder, registryName, type TrustStore } from '../store.ts';
import { inProfile, profileNote } from './profile.ts';

/** Node.js adds the certificates of one file to its own: https://nodejs.org/api/cli.html#node_extra_ca_certsfile. */
export const NODE: TrustStore = {
  writer: 'both',
  platforms: ['linux', 'darwin'],
  signs: { programs: ['node', 'nodejs'] },
  content: (request) => {
    const bundle = join(ownFolder(request.machine), 'node.pem');
    return {
      files: [],
      shared: [
        {
          path: bundle,
          part: { kind: 'block', name: registryName(request.endpoint), content: request.authority },
        },
        inProfile('node', request, [['NODE_EXTRA_CA_CERTS', bundle]]),
      ],
      notes: [profileNote(`NODE_EXTRA_CA_CERTS=${bundle}`)],
    };
  },
};
