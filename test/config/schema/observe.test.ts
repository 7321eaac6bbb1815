import { describe, expect, it } from 'vitest';
import { loadCase } from '../../support/config.ts';

describe('an address of metrics that other machines reach', () => {
  it.each(['0.0.0.0:9464', '[::]:9464', '192.0.2.1:9464', 'monitor.example:9464'])(
    '%s is taken where metrics.public says so',
    async (listen) => {
      const { config } = await loadCase({
        flags: { 'metrics.listen': listen },
        env: { REGISTRY_GATE_METRICS_PUBLIC: 'true' },
      });
      expect(config.metrics).toMatchObject({ listen: { port: 9464 }, public: true });
    },
  );
});
