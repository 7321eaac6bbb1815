import { describe, expect, it } from 'vitest';
import { useScriptedGate } from './scripted-gate.ts';
import { BLOB, eventually, exchanges, openClient, type Visit } from './scripted-backend.ts';

const scripted = useScriptedGate();

const ANSWERS: Readonly<
  Record<string, { readonly bytes: string; readonly status: number; readonly body: string }>
> = {
  length: {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\nETag: "x"\r\n\r\nhello world',
    status: 200,
    body: 'hello world',
  },
  chunked: {
    bytes:
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n',
    status: 200,
    body: 'hello world',
  },
  bodiless: { bytes: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', status: 304, body: '' },
  hinted: {
    bytes: 'HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}',
    status: 404,
    body: '{}',
  },
};
const LEAVE: Readonly<Record<string, (visit: Visit) => void>> = {
  closes: (visit) => void visit.socket.end(),
  resets: (visit) => void visit.socket.resetAndDestroy(),
};
const AT_ONCE = 16;

/** Gets the one manifest that is named after the place where its answer breaks; what became of it, in a few words. */
async function outcomeAt(target: string): Promise<string> {
  const client = await openClient(scripted.gate);
  client.ask('GET', target);
  await eventually(`an end of ${target}`, () => client.answers().length > 0 || client.end() !== 'open');
  const [answer] = client.answers();
  const text = client.text();
  client.close();
  if (answer === undefined) return text.endsWith('0\r\n\r\n') ? `ended: ${text}` : 'cut';
  return `${answer.status} ${answer.status === 502 ? '' : answer.body}`.trimEnd();
}

async function outcomesOf(name: string, how: string): Promise<readonly string[]> {
  const { bytes = '' } = ANSWERS[name] ?? {};
  const outcomes: string[] = [];
  scripted.script = (visit, head) => {
    const [, at = '0'] = /manifests\/at-(\d+) /.exec(head) ?? [];
    visit.socket.write(bytes.slice(0, Number(at)), () => LEAVE[how]?.(visit));
  };
  for (let from = 0; from <= bytes.length; from += AT_ONCE) {
    const places = Array.from(
      { length: Math.min(AT_ONCE, bytes.length + 1 - from) },
      (_none, nth) => from + nth,
    );
    outcomes.push(
      ...(await Promise.all(places.map((at) => outcomeAt(`/v2/library/app/manifests/at-${at}`)))),
    );
  }
  return outcomes;
}

describe('a backend that dies after any byte of its answer', () => {
  for (const [name, { bytes, status, body }] of Object.entries(ANSWERS)) {
    for (const how of Object.keys(LEAVE)) {
      it(`${name}, ${how}: never does a client see a whole answer before the last byte`, async () => {
        const outcomes = await outcomesOf(name, how);
        const whole = `${status} ${body}`.trimEnd();
        expect(outcomes).toHaveLength(bytes.length + 1);
        expect(new Set(outcomes.slice(0, -1))).toEqual(
          new Set(
            name === 'length' || name === 'chunked'
              ? ['502', 'cut']
              : ['502', ...(name === 'hinted' ? ['cut'] : [])],
          ),
        );
        // With a reset the kernel may throw away what had arrived.
        expect(how === 'resets' ? [whole, 'cut', '502'] : [whole]).toContain(outcomes.at(-1));
        await eventually('the backend is left', () => scripted.backend.open() === 0);
      });
    }
  }
});

const LARGE = 700_000;

describe('a backend that dies in a large answer', () => {
  const CHUNK = 10_000;
  const body = Buffer.alloc(LARGE, 'x');
  const lengthy = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`), body]);
  const chunks = Array.from({ length: LARGE / CHUNK }, (_none, nth) =>
    Buffer.concat([
      Buffer.from(`${CHUNK.toString(16)}\r\n`),
      body.subarray(nth * CHUNK, (nth + 1) * CHUNK),
      Buffer.from('\r\n'),
    ]),
  );
  const chunked = Buffer.concat([
    Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ...chunks,
    Buffer.from('0\r\n\r\n'),
  ]);
  const CASES: readonly (readonly [string, Buffer, number])[] = [
    ...[1, 2, 100, 16_384, 65_536, 180_000, LARGE - 16_384, LARGE].map(
      (short): readonly [string, Buffer, number] => ['a length', lengthy, short],
    ),
    ...[1, 2, 3, 4, 5, 6, 7, 8, CHUNK, CHUNK * 2 + 3, 300_000].map(
      (short): readonly [string, Buffer, number] => ['chunks', chunked, short],
    ),
  ];
  it.each(CASES)('with %s, %#: %s bytes short', async (_name, bytes, short) => {
    scripted.script = (visit) => void visit.socket.end(bytes.subarray(0, bytes.length - short));
    const client = await openClient(scripted.gate);
    client.ask('GET', BLOB);
    await client.ended();
    expect(client.answers()).toEqual([]);
    expect(client.text()).not.toMatch(/0\r\n\r\n$/);
    await eventually('it is logged', () => exchanges(scripted.gate).at(-1)?.outcome === 'cut');
    await eventually('the backend is left', () => scripted.backend.open() === 0);
  });
});
