import { BUILDX } from './stores/builders/buildx.ts';
import { GITLAB_DIND } from './stores/builders/gitlab-dind.ts';
import { KANIKO } from './stores/builders/kaniko.ts';
import { K3S } from './stores/clusters/k3s.ts';
import { KIND } from './stores/clusters/kind.ts';
import { RKE2 } from './stores/clusters/rke2.ts';
import { CONTAINERD } from './stores/engines/containerd.ts';
import { CRIO } from './stores/engines/crio.ts';
import { DOCKER_DESKTOP } from './stores/engines/docker-desktop.ts';
import { DOCKER_ROOTLESS } from './stores/engines/docker-rootless.ts';
import { DOCKER } from './stores/engines/docker.ts';
import { NERDCTL } from './stores/engines/nerdctl.ts';
import { PODMAN } from './stores/engines/podman.ts';
import { FIREFOX } from './stores/programs/firefox.ts';
import { JAVA } from './stores/programs/java.ts';
import { NODE } from './stores/programs/node.ts';
import { PYTHON } from './stores/programs/python.ts';
import type { TrustStore } from './stores/store.ts';
import { MACOS } from './stores/systems/macos.ts';
import { SYSTEM } from './stores/systems/system.ts';
import { WINDOWS } from './stores/systems/windows.ts';

/** The clients that have a trust store of their own, and the stores of operating systems. */
export const STORES = {
  docker: DOCKER,
  'docker-rootless': DOCKER_ROOTLESS,
  'docker-desktop': DOCKER_DESKTOP,
  podman: PODMAN,
  crio: CRIO,
  containerd: CONTAINERD,
  nerdctl: NERDCTL,
  k3s: K3S,
  rke2: RKE2,
  kind: KIND,
  buildx: BUILDX,
  kaniko: KANIKO,
  'gitlab-dind': GITLAB_DIND,
  java: JAVA,
  node: NODE,
  python: PYTHON,
  firefox: FIREFOX,
  system: SYSTEM,
  macos: MACOS,
  windows: WINDOWS,
} satisfies Readonly<Record<string, TrustStore>>;

export type TrustClient = keyof typeof STORES;

export const TRUST_CLIENTS = Object.keys(STORES) as readonly TrustClient[];
