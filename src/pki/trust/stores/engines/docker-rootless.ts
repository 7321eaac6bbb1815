import { join } from 'node:path';
import { registryName, type TrustStore } from '../store.ts';

/** `certs.d` of a Docker daemon without root: https://docs.docker.com/engine/security/rootless/. */
export const DOCKER_ROOTLESS: TrustStore = {
  writer: 'user',
  signs: {
    paths: ({ configHome, runtimeFolder }) => [
      join(configHome, 'systemd/user/docker.service'),
      ...(runtimeFolder === undefined ? [] : [join(runtimeFolder, 'docker.sock')]),
    ],
  },
  content: ({ endpoint, authority, machine: { configHome } }) => ({
    files: [
      { path: join(configHome, 'docker/certs.d', registryName(endpoint), 'ca.crt'), content: authority },
    ],
    notes: ['The Docker daemon of this user reads it at the next login, push or pull; no restart.'],
  }),
};
