import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { blobOf, bytesOf, openScripted, reading, send, startScripted } from './scripted.ts';

const BYTES = randomBytes(3_000_000);
const BLOB = blobOf(BYTES);

interface Break {
  readonly name: string;
  /** What a request from a byte on is answered with. */
  readonly second: (from: number) => {
    readonly status: number;
    readonly range?: string;
    readonly body: Buffer;
  };
}

const RESUMED: readonly Break[] = [
  { name: 'by Range', second: (from) => part(from) },
  { name: 'by a registry that sends the whole again', second: () => ({ status: 200, body: BYTES }) },
  {
    name: 'by a part that begins earlier',
    second: (from) => part(from - 1000),
  },
  {
    name: 'by a part whose total is not stated',
    second: (from) => ({ ...part(from), range: `bytes ${from}-${BYTES.length - 1}/*` }),
  },
];

const WRONG: readonly (Break & { readonly code: string })[] = [
  { name: 'a part that begins later', second: (from) => part(from + 1), code: 'REGISTRY_REFUSED' },
  {
    name: 'a part of another total',
    second: (from) => ({ ...part(from), range: `bytes ${from}-${BYTES.length}/${BYTES.length + 1}` }),
    code: 'DIGEST_MISMATCH',
  },
  {
    name: 'a part that does not say which',
    second: (from) => ({ ...part(from), range: '' }),
    code: 'REGISTRY_REFUSED',
  },
  {
    name: 'other bytes',
    second: (from) => ({ ...part(from), body: Buffer.alloc(BYTES.length - from) }),
    code: 'DIGEST_MISMATCH',
  },
];

function part(from: number): { readonly status: number; readonly range: string; readonly body: Buffer } {
  return {
    status: 206,
    range: `bytes ${from}-${BYTES.length - 1}/${BYTES.length}`,
    body: BYTES.subarray(from),
  };
}

/** A registry that breaks the first download in its middle. */
async function startBreaking(second: Break['second']) {
  return startScripted(({ headers }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? -1);
    if (from < 0) {
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 1_000_000), () => response.destroy());
      return;
    }
    const { status, range = '', body } = second(from);
    send(response, status, range === '' ? {} : { 'content-range': range }, body);
  });
}

describe('a download', () => {
  it.each(RESUMED)('that breaks goes on $name', async ({ second }) => {
    const server = await startBreaking(second);
    const got = await bytesOf(openScripted(server.name).repository('team/app').readBlob(BLOB));
    expect(got.equals(BYTES)).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it.each(WRONG)('that breaks and goes on with $name fails', async ({ second, code }) => {
    const server = await startBreaking(second);
    const reading = bytesOf(openScripted(server.name).repository('team/app').readBlob(BLOB));
    await expect(reading).rejects.toMatchObject({ code });
  });

  it.each([429, 500, 502, 503, 504])('is asked for again after %d', async (status) => {
    const server = await startScripted((_request, response) =>
      server.requests.length < 3
        ? send(response, status, { 'retry-after': '0' })
        : send(response, 200, {}, BYTES),
    );
    const got = await bytesOf(openScripted(server.name).repository('team/app').readBlob(BLOB));
    expect(got.equals(BYTES)).toBe(true);
  });

  it('is given up after the last attempt, with the words of the registry', async () => {
    const server = await startScripted((_request, response) =>
      send(response, 429, {}, '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'),
    );
    const reading = bytesOf(openScripted(server.name).repository('team/app').readBlob(BLOB));
    await expect(reading).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      message: expect.stringContaining('TOOMANYREQUESTS, slow down') as string,
    });
    expect(server.requests).toHaveLength(4);
  });

  it('that comes in small parts without end is given up', async () => {
    const server = await startScripted(({ headers }, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
      const range = { 'content-range': `bytes ${from}-${from + 999}/${BYTES.length}` };
      send(response, 206, range, BYTES.subarray(from, from + 1000));
    });
    const reading = bytesOf(openScripted(server.name).repository('team/app').readBlob(BLOB));
    await expect(reading).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('ends after 4000 of 3000000 bytes') as string,
    });
  });

  it('of a blob that is not there is BLOB_MISSING', async () => {
    const server = await startScripted((_request, response) => send(response, 404));
    const reading = bytesOf(openScripted(server.name).repository('team/app').readBlob(BLOB));
    await expect(reading).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it('begins where it is told to', async () => {
    const server = await startScripted(({ headers }, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1]);
      const { status, range, body } = part(from);
      send(response, status, { 'content-range': range }, body);
    });
    const got = await bytesOf(
      openScripted(server.name).repository('team/app').readBlob(BLOB, { from: 12_345 }),
    );
    expect(got.equals(BYTES.subarray(12_345))).toBe(true);
  });

  it('whose connection breaks behind the last byte is whole', async () => {
    let end: () => void = () => undefined;
    const server = await startScripted(({ headers }, response) => {
      if (headers.range !== undefined) return send(response, 416);
      end = () => response.destroy();
      return response.writeHead(200).write(BYTES);
    });
    let got = 0;
    for await (const piece of openScripted(server.name).repository('team/app').readBlob(BLOB)) {
      got += piece.length;
      if (got === BYTES.length) end();
    }
    expect(got).toBe(BYTES.length);
    expect(server.requests).toHaveLength(1);
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const server = await startScripted((_request, response) => {
      response.writeHead(200, { 'content-length': BYTES.length }).write(BYTES.subarray(0, 1000));
    });
    const pieces = openScripted(server.name).repository('team/app').readBlob(BLOB, { signal: stop.signal });
    await expect(
      (async () => {
        for await (const piece of pieces) if (piece.length > 0) stop.abort(new Error('stopped'));
      })(),
    ).rejects.toThrow('stopped');
    expect(server.requests).toHaveLength(1);
  });
});

interface Store {
  held: Buffer;
  done: boolean;
  sessions: number;
  deleted: number;
  /** Whether it no longer says how much it holds. */
  isMute: boolean;
}

type Fault = 'break' | 'reset' | 'forget' | 'large' | 'mute' | 'keep nothing' | 'keep little' | undefined;

/** A registry that takes uploads, and does to the request of this number what `fault` says. */
async function startTaking(fault: (at: number, state: Store) => Fault, bytes = BYTES) {
  const state: Store = { held: Buffer.alloc(0), done: false, sessions: 0, deleted: 0, isMute: false };
  let patches = 0;
  const server = await startScripted(
    async ({ method, url }, response, raw) => {
      const { socket } = raw;
      const progress = (): Record<string, string> => ({
        location: `/v2/team/app/blobs/uploads/${state.sessions}?_state=a%3Db`,
        ...(state.isMute ? {} : { range: `0-${Math.max(state.held.length - 1, 0)}` }),
      });
      const take = async (most = Infinity): Promise<void> => {
        const pieces = [state.held];
        let size = state.held.length;
        for await (const piece of raw.iterator({ destroyOnReturn: false })) {
          const taken = Buffer.from(piece as Uint8Array);
          pieces.push(taken);
          size += taken.length;
          if (size >= most) break;
        }
        state.held = Buffer.concat(pieces);
      };
      if (method === 'HEAD') return send(response, state.done ? 200 : 404);
      if (method === 'DELETE') return send(response, ((state.deleted += 1), 204));
      if (method === 'POST') {
        state.sessions += 1;
        state.held = Buffer.alloc(0);
        state.isMute = false;
        return send(response, 202, progress());
      }
      if (!url.includes(`uploads/${state.sessions}?_state=a%3Db`)) return send(response, 404);
      if (method === 'GET') return send(response, 204, progress());
      if (method === 'PUT') {
        await take();
        state.done = url.endsWith(`&digest=${blobOf(bytes).digest.text}`) && state.held.equals(bytes);
        return send(response, state.done ? 201 : 400, {}, '{"errors":[{"code":"DIGEST_INVALID"}]}');
      }
      const what = fault((patches += 1), state);
      if (what === 'large' || what === 'keep nothing' || what === 'keep little') {
        for await (const _piece of raw);
        if (what === 'keep little') state.held = bytes.subarray(0, state.held.length + 1000);
        return what === 'large' ? send(response, 413) : send(response, 202, progress());
      }
      await take(
        what === undefined ? Infinity : state.held.length + (what === 'reset' ? 2_000_000 : 1_000_000),
      );
      if (what === 'forget') state.sessions += 1;
      state.isMute = what === 'mute';
      if (what === 'reset') return socket.resetAndDestroy();
      return what === undefined ? send(response, 202, progress()) : socket.destroy();
    },
    { readBody: false },
  );
  return { server, state };
}

describe('an upload', () => {
  it.each<readonly [name: string, fault: Parameters<typeof startTaking>[0], sessions: number]>([
    ['in one go', () => undefined, 1],
    ['that breaks goes on where it was', (at) => (at <= 2 ? 'break' : undefined), 1],
    [
      'that breaks at each megabyte ends all the same',
      (_at, { held }) => (held.length < 2_000_000 ? 'break' : undefined),
      1,
    ],
    ['whose session is forgotten begins again', (at) => (at === 1 ? 'forget' : undefined), 3],
    ['that is too large for a proxy goes in parts', (at) => (at === 1 ? 'large' : undefined), 1],
  ])('%s', async (_name, fault, sessions) => {
    const { server, state } = await startTaking(fault);
    let counted = 0;
    await openScripted(server.name)
      .repository('team/app')
      .putBlob(BLOB, reading(BYTES), { onBytes: (count) => void (counted += count) });
    expect(state).toMatchObject({ done: true, deleted: 0, sessions });
    expect(counted).toBe(BYTES.length);
  });

  it('that is reset while its source is fast goes on where it was', async () => {
    const bytes = randomBytes(8_000_000);
    const { server, state } = await startTaking((at) => (at === 1 ? 'reset' : undefined), bytes);
    await openScripted(server.name).repository('team/app').putBlob(blobOf(bytes), reading(bytes));
    expect(state).toMatchObject({ done: true, deleted: 0, sessions: 1 });
    const methods = server.requests.map(({ method }) => method);
    expect(methods).toEqual(['POST', 'PATCH', 'GET', 'PATCH', 'PUT']);
  });

  it('whose registry does not say what it holds begins again, and leaves no session', async () => {
    const { server, state } = await startTaking((at) => (at === 1 ? 'mute' : undefined));
    await openScripted(server.name).repository('team/app').putBlob(BLOB, reading(BYTES));
    expect(state).toMatchObject({ done: true, deleted: 1, sessions: 2 });
  });

  it.each<readonly [what: Fault, kept: number]>([
    ['keep nothing', 0],
    ['keep little', 4000],
  ])(
    'whose registry says that it took all, and does %s, fails after the last attempt',
    async (what, kept) => {
      const { server, state } = await startTaking(() => what);
      const putting = openScripted(server.name).repository('team/app').putBlob(BLOB, reading(BYTES));
      await expect(putting).rejects.toMatchObject({
        code: 'REGISTRY_REFUSED',
        message: expect.stringContaining(`keeps no more than ${kept} of 3000000 bytes`) as string,
      });
      expect(server.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(4);
      expect(state.deleted).toBe(1);
    },
  );

  it.each([400, 401, 403, 404, 405])('follows a mount that is refused with %d', async (status) => {
    const small = BYTES.subarray(0, 1000);
    const server = await startScripted(({ method, url }, response) => {
      if (url.includes('mount=')) return send(response, status);
      return send(response, method === 'POST' ? 202 : 201, { location: '/v2/team/app/blobs/uploads/1' });
    });
    const repository = openScripted(server.name).repository('team/app');
    expect(await repository.mountBlob(blobOf(small), 'team/other')).toBe(false);
    await repository.putBlob(blobOf(small), reading(small));
    const { text } = blobOf(small).digest;
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `POST /v2/team/app/blobs/uploads/?mount=${text}&from=team%2Fother`,
      'POST /v2/team/app/blobs/uploads/',
      `PUT /v2/team/app/blobs/uploads/1?digest=${text}`,
    ]);
  });

  it('of unknown bytes tells what they are', async () => {
    const { server, state } = await startTaking((at) => (at === 1 ? 'break' : undefined));
    const made = await openScripted(server.name).repository('team/app').putNewBlob(reading(BYTES));
    expect(made).toEqual({ digest: BLOB.digest, size: BYTES.length });
    expect(state.done).toBe(true);
  });

  it.each<readonly [name: string, bytes: Buffer]>([
    ['fewer', BYTES.subarray(1)],
    ['more', Buffer.concat([BYTES, BYTES])],
    ['other', Buffer.alloc(BYTES.length)],
  ])('of %s bytes than it should have fails, and leaves no session', async (_name, bytes) => {
    const { server, state } = await startTaking(() => undefined);
    const putting = openScripted(server.name).repository('team/app').putBlob(BLOB, reading(bytes));
    await expect(putting).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(state).toMatchObject({ done: false, deleted: 1 });
  });

  it('that its source breaks off fails as the source did, once', async () => {
    const { server, state } = await startTaking(() => undefined);
    let reads = 0;
    const putting = openScripted(server.name)
      .repository('team/app')
      .putBlob(BLOB, async function* () {
        reads += 1;
        yield BYTES.subarray(0, 1000);
        throw new Error('the disk is gone');
      });
    await expect(putting).rejects.toThrow('the disk is gone');
    expect([reads, state.deleted]).toEqual([1, 1]);
  });

  it('that is stopped leaves no session', async () => {
    const { server, state } = await startTaking(() => undefined);
    const stop = new AbortController();
    const putting = openScripted(server.name)
      .repository('team/app')
      .putBlob(
        BLOB,
        async function* () {
          yield BYTES.subarray(0, 1000);
          stop.abort(new Error('stopped'));
          yield BYTES.subarray(1000);
        },
        { signal: stop.signal },
      );
    await expect(putting).rejects.toThrow('stopped');
    expect(state.deleted).toBe(1);
  });
});

describe('a small blob', () => {
  const small = randomBytes(70_000);
  const blob = blobOf(small);
  const serve = (answers: readonly Buffer[], status = 200) =>
    startScripted((_request, response) => {
      const body = answers[Math.min(server.requests.length, answers.length) - 1] ?? Buffer.alloc(0);
      if (body.length === small.length || status !== 200) send(response, status, {}, body);
      else {
        response.writeHead(200, { 'content-length': small.length });
        response.write(body, () => response.destroy());
      }
    });
  let server: Awaited<ReturnType<typeof serve>>;

  it.each([
    { name: 'at once', answers: [small], questions: 1 },
    { name: 'again after a break', answers: [small.subarray(0, 1000), small], questions: 2 },
  ])('is read whole $name', async ({ answers, questions }) => {
    server = await serve(answers);
    const got = await openScripted(server.name).repository('team/app').readWhole?.(blob);
    expect(got === undefined ? '' : Buffer.from(got).equals(small)).toBe(true);
    expect(server.requests).toHaveLength(questions);
  });

  it.each([
    { name: 'of other bytes', answers: [Buffer.alloc(small.length)], status: 200, code: 'DIGEST_MISMATCH' },
    { name: 'that is not there', answers: [], status: 404, code: 'BLOB_MISSING' },
    { name: 'that is too long', answers: [Buffer.alloc(80_000)], status: 203, code: 'REGISTRY_REFUSED' },
    { name: 'that always breaks', answers: [small.subarray(1)], status: 200, code: 'REGISTRY_UNREACHABLE' },
  ])('$name is not read whole: $code', async ({ answers, status, code }) => {
    server = await serve(answers, status);
    const reading = openScripted(server.name).repository('team/app').readWhole?.(blob);
    await expect(reading).rejects.toMatchObject({ code });
  });
});
