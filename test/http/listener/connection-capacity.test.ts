import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  connectionsFor,
  createConnectionCapacity,
  openFileLimit,
} from '../../../src/http/listener/connection-capacity.ts';

interface Said {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

function stage(openFiles: number | undefined, limit?: number) {
  const said: Said[] = [];
  const write = (fields: object, message: string): void => void said.push({ fields: { ...fields }, message });
  const state = { open: 0, now: 0 };
  const capacity = createConnectionCapacity({
    limits: { connections: limit },
    connections: { count: () => state.open },
    openFiles,
    workers: 2,
    logger: { info: write, warn: write, error: write, debug: write },
    now: () => state.now,
  });
  return { capacity, said, state };
}

describe('M-D1: the connections of a process that may open so many files', () => {
  it.each([
    [1024, 309],
    [65_536, 21_813],
    [100, 8],
  ])('%i files are good for %i', (files, most) => {
    expect(connectionsFor(files)).toBe(most);
    const { capacity, state } = stage(files);
    state.open = most - 1;
    expect(capacity.hasRoom()).toBe(true);
    state.open = most;
    expect(capacity.hasRoom()).toBe(false);
  });

  it('are without an end where files are', () => {
    const { capacity, state } = stage(undefined);
    state.open = 1e6;
    expect(capacity.hasRoom()).toBe(true);
  });

  it('reads the limit of this process', () => {
    expect(openFileLimit()).toBeGreaterThan(64);
  });

  it('are counted, ended and told of once a minute, each reason by itself', () => {
    const { capacity, said, state } = stage(1024);
    state.open = 309;
    const sockets = Array.from({ length: 5 }, () => new Socket());
    for (const socket of sockets.slice(0, 3)) capacity.refuse(socket, 'descriptors');
    capacity.refuse(sockets[3] ?? new Socket(), 'limits');
    state.now = 60_000;
    capacity.refuse(sockets[4] ?? new Socket(), 'descriptors');
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
    expect(capacity.refused()).toBe(5);
    expect(said.map(({ fields }) => fields)).toEqual([
      { open: 309, refused: 1, most: 309, openFiles: 1024 },
      { open: 309, refused: 1 },
      { open: 309, refused: 3, most: 309, openFiles: 1024 },
    ]);
    expect(said.map(({ message }) => /LimitNOFILE=/.test(message))).toEqual([true, false, true]);
  });

  it('are less than limits.connections says: told at the start', () => {
    expect(stage(1024, 618).said).toEqual([]);
    expect(stage(1024, 619).said.map(({ fields }) => fields)).toEqual([{ limit: 619, most: 618 }]);
  });
});
