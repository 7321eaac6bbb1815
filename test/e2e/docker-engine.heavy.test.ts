import { NEWER_ENGINE, SYSTEM_ENGINE } from '../support/engine.ts';
import { LAYERS, describeEngine } from './docker-engine-suite.ts';

const megabytes = [20, 1024];

describeEngine({ name: "the system's Docker engine", programs: SYSTEM_ENGINE, store: LAYERS, megabytes });
describeEngine({ name: 'a newer Docker engine', programs: NEWER_ENGINE, store: LAYERS, megabytes });
// The containerd store, the default from 29 on, uploads a layer in one PUT, where the older one uses PATCH.
describeEngine({
  name: 'a newer Docker engine with the containerd store',
  programs: NEWER_ENGINE,
  settings: { features: { 'containerd-snapshotter': true } },
  store: /io\.containerd\.snapshotter/,
  megabytes,
});
describeEngine({
  name: 'a newer Docker engine before the embedded registry',
  programs: NEWER_ENGINE,
  store: LAYERS,
  isEmbedded: true,
  megabytes: [20],
});
