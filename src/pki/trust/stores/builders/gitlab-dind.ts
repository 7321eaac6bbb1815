import { join } from 'node:path';
import { registryName, type TrustStore } from '../store.ts';

/** Docker in the jobs of a GitLab runner: https://docs.gitlab.com/ci/docker/using_docker_build/. A folder is mounted, since a volume can't name a file with a colon. */
export const GITLAB_DIND: TrustStore = {
  writer: 'root',
  signs: { programs: ['gitlab-runner'], paths: ({ root }) => [join(root, 'etc/gitlab-runner')] },
  content: ({ endpoint, authority, machine }) => {
    const folder = join(machine.root, 'etc/gitlab-runner/certs.d');
    return {
      files: [{ path: join(folder, registryName(endpoint), 'ca.crt'), content: authority }],
      byHand: [
        {
          where: '[runners.docker] in /etc/gitlab-runner/config.toml',
          text: `volumes = ["/certs/client", "/cache", ${JSON.stringify(`${folder}:/etc/docker/certs.d:ro`)}]\n`,
        },
      ],
      notes: [
        'Add the volume to those that the runner has. It reads config.toml by itself, and the docker:dind service of the next job has the CA.',
      ],
      undoNotes: ['The volume in config.toml can stay: the folder is only empty.'],
    };
  },
};
