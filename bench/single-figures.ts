import type { Client } from './cases.ts';
import { startFixedBackend } from './budget-backend.ts';
import { startSide, type Side } from './contenders.ts';
import { peakBytes, resetPeaks } from './cpu.ts';
import type { UsersKind } from './fixture.ts';
import { watchWhileGuessing } from './guessing.ts';
import { pull, push } from './layer-client.ts';
import { median } from './measure.ts';
import { withClient } from './run-cases.ts';
import type { Judged } from './target-table.ts';

const TRANSFERS = 64;
const SMALL_LAYER = 16;
const LAYER = 256;
const MOST_BYTES = 200e6;
/** What the allocator does besides may be this much. */
const MOST_GROWTH = 1.1;
const MOST_START_MS = 500;
const MOST_P99_MS = 50;

/** Resident memory at most while many layers are under way, small ones and then large ones. */
export async function measureMemory(direction: 'pull' | 'push'): Promise<readonly Judged[]> {
  const carry = direction === 'pull' ? pull : push;
  const [small, large] = await withGate('apr1', async (side, { fixture }) => {
    const peakOf = async (size: number, times: number): Promise<number> => {
      const blob = await fixture.blob(size);
      resetPeaks(side.roots);
      await carry(fixture, side.port, { blob, clients: TRANSFERS, times });
      return peakBytes(side.roots);
    };
    await peakOf(SMALL_LAYER, 1);
    const ofLarge = await peakOf(LAYER, 1);
    // As many bytes in small layers: what is asked is whether the size matters.
    return [await peakOf(SMALL_LAYER, LAYER / SMALL_LAYER), ofLarge] as const;
  });
  const what = `memory, ${TRANSFERS} ${direction === 'pull' ? 'pulls' : 'pushes'} at once`;
  const growth = large / small;
  return [
    {
      what: `${what}, ${LAYER} MiB each`,
      target: `under ${MOST_BYTES / 1e6} MB`,
      figure: `${Math.round(large / 1e6)} MB`,
      isMet: large < MOST_BYTES,
    },
    {
      what: `${what}, ${LAYER} MiB beside ${SMALL_LAYER} MiB`,
      target: `at most ${MOST_GROWTH} times`,
      figure: `${growth.toFixed(2)} (from ${Math.round(small / 1e6)} MB)`,
      isMet: growth <= MOST_GROWTH,
    },
  ];
}

/** From the start of the process to the first connection, certificates in place. */
export async function measureStart(rounds: number): Promise<readonly Judged[]> {
  const starts: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    starts.push(await withGate('apr1', async ({ startMs }) => startMs));
  const ms = median(starts);
  return [
    {
      what: 'start to listening',
      target: `under ${MOST_START_MS} ms`,
      figure: `${Math.round(ms)} ms`,
      isMet: ms < MOST_START_MS,
    },
  ];
}

/** How long somebody waits who is known, while others guess at passwords. */
export async function measureGuessing(): Promise<readonly Judged[]> {
  const seen = await withGate('guessed', (side, { ca }) => watchWhileGuessing({ port: side.port, ca }));
  const sorted = [...seen.waits].sort((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Infinity;
  return [
    {
      what: `p99 of another user while ${seen.guesses} wrong passwords come, bcrypt 10`,
      target: `under ${MOST_P99_MS} ms`,
      figure: `${p99.toFixed(1)} ms (${sorted.length} answers in ${Math.round(seen.ms)} ms, ${seen.denied} guesses denied, ${seen.throttled} throttled)`,
      isMet: p99 < MOST_P99_MS && seen.denied + seen.throttled === seen.guesses,
    },
  ];
}

async function withGate<T>(users: UsersKind, work: (side: Side, client: Client) => Promise<T>): Promise<T> {
  return withClient(async (client) => {
    const { fixture } = client;
    const backend = await startFixedBackend(fixture);
    try {
      const side = await startSide('gate', fixture, { users, backend: 'static' }, backend);
      try {
        return await work(side, client);
      } finally {
        await side.close();
      }
    } finally {
      await backend.close();
    }
  });
}
