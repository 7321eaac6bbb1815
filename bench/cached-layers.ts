import type { Side } from './contenders.ts';
import { writtenBytes } from './cpu.ts';
import type { Fixture } from './fixture.ts';
import { pull, type LayerWork } from './layer-client.ts';

/** What a registry says where it is only asked whether it still has a blob, beside the blob itself. */
const MOST_SHARE = 0.001;

/** Takes the blob into the cache, if it is not there yet. */
export async function fillCache(fixture: Fixture, { port }: Side, work: LayerWork): Promise<void> {
  await pull(fixture, port, { ...work, clients: 1, times: 1 });
}

/** Pulls what was pulled before. Throws where it came from the registry: then it was no hit that was measured. */
export async function pullFromCache(fixture: Fixture, side: Side, work: LayerWork): Promise<void> {
  const { name, port, backend } = side;
  if (backend === undefined) throw new Error(`${name} stands before no registry`);
  const before = writtenBytes([backend]);
  await pull(fixture, port, work);
  const sent = writtenBytes([backend]) - before;
  const pulled = work.blob.bytes * work.clients * work.times;
  if (sent > pulled * MOST_SHARE)
    throw new Error(`${name}: of ${pulled} bytes out of a cache the registry has sent ${sent}`);
}
