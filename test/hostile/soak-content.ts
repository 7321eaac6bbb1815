import { createHash } from 'node:crypto';
import { createDice } from '../support/hostile.ts';

const dice = createDice(6);
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => dice(256)));

/** What the registry of a soak gives for every layer and every manifest, and what is pushed to it. */
export const LAYER = bytes(64 * 1024);
export const MANIFEST = Buffer.from(JSON.stringify({ schemaVersion: 2, pad: 'x'.repeat(980) }));
export const PUSHED = bytes(16 * 1024);

export const LAYER_DIGEST = digestOf(LAYER);
export const PUSHED_DIGEST = digestOf(PUSHED);

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
