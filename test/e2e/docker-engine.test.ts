import { SYSTEM_ENGINE } from '../support/engine.ts';
import { LAYERS, describeEngine } from './docker-engine-suite.ts';

describeEngine({
  name: "the system's Docker engine",
  programs: SYSTEM_ENGINE,
  store: LAYERS,
  megabytes: [2],
});
