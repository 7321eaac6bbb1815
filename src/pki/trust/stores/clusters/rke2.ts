import { rancherStore } from './registries-yaml.ts';

/** RKE2, on each of its nodes: https://docs.rke2.io/install/private_registry. */
export const RKE2 = rancherStore('rke2', 'systemctl restart rke2-server (on an agent: rke2-agent)');
