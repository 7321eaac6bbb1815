import { describe, expect, it } from 'vitest';
import { outlastSilentConnections } from './low-descriptors.ts';

describe('M-D1: more silent connections than the gate may open files for', () => {
  it('leave one process as it was', async () => {
    expect(await outlastSilentConnections(1)).toBeGreaterThan(0);
  });

  it('leave two workers as they were', async () => {
    expect(await outlastSilentConnections(2)).toBeGreaterThan(0);
  });
});
