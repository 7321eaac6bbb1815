import { describe, expect, it } from 'vitest';
import { createTopic, isNothing } from '../../src/cluster/bus.ts';
import { createLocalBus } from '../../src/cluster/local-bus.ts';
import { isMessage } from '../../src/cluster/messages.ts';
import { startBus, type BusFixture } from './bus-fixture.ts';

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number';
}

const GREETING = createTopic('greeting', isText, isText);
const NEWS = createTopic('news', isText, isNothing);
const COUNT = createTopic('count', isNothing, isCount);

function startLocalBus(): BusFixture {
  const { bus, broker } = createLocalBus();
  return { broker, buses: [bus], joined: [] };
}

describe.each([
  { name: 'one process', start: startLocalBus, size: 1 },
  { name: 'one worker', start: () => startBus(1), size: 1 },
  { name: 'three workers', start: () => startBus(3), size: 3 },
])('a bus of $name', ({ start, size }) => {
  it('knows its places', () => {
    expect(start().buses.map((bus) => [bus.slot, bus.size])).toEqual(
      Array.from({ length: size }, (_none, slot) => [slot, size]),
    );
  });

  it('requests a reply of the primary, which knows the worker', async () => {
    const { broker, buses } = start();
    broker.handle(GREETING, (text, from) => `${text} ${from}`);
    expect(await Promise.all(buses.map((bus) => bus.request(GREETING, 'hello')))).toEqual(
      buses.map(({ slot }) => `hello ${slot}`),
    );
  });

  it('collects the replies of all workers, from any of them', async () => {
    const { broker, buses } = start();
    for (const bus of buses) bus.handle(COUNT, async () => bus.slot + 10);
    const all = buses.map(({ slot }) => slot + 10);
    for (const asker of [...buses, broker]) {
      expect((await asker.collect(COUNT, undefined)).toSorted()).toEqual(all);
    }
  });

  it('publishes to all others, and the primary to all', async () => {
    const { broker, buses } = start();
    const heard: string[] = [];
    for (const bus of buses) bus.handle(NEWS, (text) => void heard.push(`${bus.slot} ${text}`));
    buses[0]?.publish(NEWS, 'from a worker');
    broker.publish(NEWS, 'from the primary');
    // What follows on the same lines arrives after it.
    await broker.collect(NEWS, 'last');
    const others = buses.filter(({ slot }) => slot !== 0).map(({ slot }) => `${slot} from a worker`);
    const everybody = buses.map(({ slot }) => `${slot} from the primary`);
    expect(heard.filter((line) => !line.endsWith('last')).toSorted()).toEqual(
      [...others, ...everybody].toSorted(),
    );
  });

  it('rejects where there is no handler, it fails, or replies something else', async () => {
    const { broker, buses } = start();
    const [bus] = buses;
    await expect(bus?.request(GREETING, 'hello')).rejects.toThrow('no handler for greeting');
    broker.handle(COUNT, () => {
      throw new Error('out of numbers');
    });
    await expect(bus?.request(COUNT, undefined)).rejects.toThrow('out of numbers');
    broker.handle(GREETING, (text) => text);
    const lying = createTopic('greeting', isText, isCount);
    await expect(bus?.request(lying, 'hello')).rejects.toThrow('not a reply of greeting');
    const asking = createTopic('greeting', isCount, isText);
    await expect(bus?.request(asking, 1)).rejects.toThrow('not a request of greeting');
  });

  it('does not wait for ever', async () => {
    const { broker, buses } = start();
    broker.handle(GREETING, () => new Promise<string>(() => undefined));
    await expect(buses[0]?.request(GREETING, 'hello', 1)).rejects.toThrow('no reply in time');
    for (const bus of buses) bus.handle(COUNT, () => new Promise<number>(() => undefined));
    expect(await buses[0]?.collect(COUNT, undefined, 1)).toEqual([]);
    expect(await broker.collect(COUNT, undefined, 1)).toEqual([]);
  });

  it('has one handler for a topic', () => {
    const { broker, buses } = start();
    for (const place of [broker, ...buses]) {
      place.handle(COUNT, () => 1);
      expect(() => place.handle(COUNT, () => 2)).toThrow('count has a handler already');
    }
  });
});

describe('a bus of which a worker dies', () => {
  it('goes on without it, and does not wait for its answers', async () => {
    const { broker, buses, joined } = startBus(3);
    for (const bus of buses) {
      bus.handle(COUNT, () => (bus.slot === 1 ? new Promise<number>(() => undefined) : bus.slot));
    }
    const asked = broker.collect(COUNT, undefined, Infinity);
    const gathered = buses[0]?.collect(COUNT, undefined, 60_000);
    setImmediate(() => joined[1]?.leave());
    expect((await asked).toSorted()).toEqual([0, 2]);
    expect(((await gathered) ?? []).toSorted()).toEqual([0, 2]);
    expect((await broker.collect(COUNT, undefined)).toSorted()).toEqual([0, 2]);
  });

  it('leaves out those who fail', async () => {
    const { broker, buses } = startBus(3);
    for (const bus of buses) {
      bus.handle(COUNT, () => {
        if (bus.slot === 2) throw new Error('no');
        return bus.slot;
      });
    }
    expect((await broker.collect(COUNT, undefined)).toSorted()).toEqual([0, 1]);
    expect((await buses[2]?.collect(COUNT, undefined))?.toSorted()).toEqual([0, 1]);
  });
});

it.each([
  ['another program', { act: 'newconn' }],
  ['nothing', undefined],
  ['a word', 'tell'],
])('takes no message of %s for its own', (_name, message) => {
  expect(isMessage(message)).toBe(false);
});
