import { describe, expect, it } from 'vitest';
import { outlastSilentConnections } from './low-descriptors.ts';

describe('M-D1: more silent connections than the gate may open files for', () => {
  it('leave four workers as they were', async () => {
    expect(await outlastSilentConnections(4)).toBeGreaterThan(0);
  });
});
