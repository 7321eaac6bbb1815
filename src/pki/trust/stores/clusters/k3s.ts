import { rancherStore } from './registries-yaml.ts';

/** k3s, on each of its nodes: https://docs.k3s.io/installation/private-registry. */
export const K3S = rancherStore('k3s', 'systemctl restart k3s (on an agent: k3s-agent)');
