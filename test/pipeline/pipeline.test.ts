import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runStages } from '../../src/pipeline/pipeline.ts';
import type { Stage } from '../../src/pipeline/stage.ts';
import { createOpenExchange } from '../../src/http/context.ts';

const FAILURE = new Error('for the test');

/** How a stage ends: on or not on, at once or later; or it fails. */
const WAYS: Readonly<Record<string, Stage>> = {
  on: () => true,
  'on later': async () => true,
  'not on': () => false,
  'not on later': async () => false,
  throws: () => {
    throw FAILURE;
  },
  rejects: async () => {
    throw FAILURE;
  },
};

/** Which stages were met, and what failed. */
async function meet(...ways: readonly string[]): Promise<string[]> {
  const met: string[] = [];
  const stages = ways.map((way): Stage => (context) => {
    met.push(way);
    return WAYS[way]?.(context) ?? false;
  });
  const req = new IncomingMessage(new Socket());
  const open = createOpenExchange({ now: () => 0, observe: () => undefined });
  const context = open(req, new ServerResponse(req));
  const run = runStages(stages, (error, of) =>
    met.push(error === FAILURE && of === context ? 'failed' : '?'),
  );
  run(context);
  // Every promise of these stages is settled, and what hangs on them done, before the next turn.
  await new Promise((resolve) => void setImmediate(resolve));
  return met;
}

describe('the stages', () => {
  it.each([
    { ways: ['on', 'on later', 'on', 'not on'], met: ['on', 'on later', 'on', 'not on'] },
    { ways: ['on', 'not on', 'on'], met: ['on', 'not on'] },
    { ways: ['on later', 'not on later', 'on'], met: ['on later', 'not on later'] },
    { ways: ['on', 'throws', 'on'], met: ['on', 'throws', 'failed'] },
    { ways: ['on', 'rejects', 'on'], met: ['on', 'rejects', 'failed'] },
    { ways: ['on later', 'throws', 'on'], met: ['on later', 'throws', 'failed'] },
  ])('$ways', async ({ ways, met }) => {
    expect(await meet(...ways)).toEqual(met);
  });
});
