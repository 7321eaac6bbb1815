import { join } from 'node:path';
import { ownFile, registryName, type TrustStore } from '../store.ts';

/** The file that `docker buildx create` gives to new builders, and whose CA files it copies into them: https://docs.docker.com/build/buildkit/configure/. */
export const BUILDX: TrustStore = {
  writer: 'both',
  platforms: ['linux', 'darwin', 'win32'],
  signs: {
    programs: ['docker-buildx'],
    paths: ({ dockerConfig, root }) => [
      join(dockerConfig, 'buildx'),
      join(dockerConfig, 'cli-plugins/docker-buildx'),
      join(root, 'usr/libexec/docker/cli-plugins/docker-buildx'),
      join(root, 'usr/lib/docker/cli-plugins/docker-buildx'),
    ],
  },
  content: (request) => {
    const certificate = ownFile(request);
    const table = `[registry.${JSON.stringify(registryName(request.endpoint))}]`;
    return {
      files: [certificate],
      shared: [
        {
          path: join(request.machine.dockerConfig, 'buildx/buildkitd.default.toml'),
          part: {
            kind: 'block',
            name: registryName(request.endpoint),
            content: `${table}\n  ca = [${JSON.stringify(certificate.path)}]\n`,
            clash: table,
          },
        },
      ],
      notes: [
        'Builders of this user that are made from now on trust it. Make one: docker buildx create --use. One that exists keeps its old settings; the builder "default" is Docker itself (--for docker).',
      ],
      undoNotes: ['Builders that exist keep it until they are made anew: docker buildx rm NAME'],
    };
  },
};
