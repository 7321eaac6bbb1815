import { describe, expect, it, vi } from 'vitest';
import { ArrivingBody } from '../../../src/images/client/wire/arriving-body.ts';

const KIB = 1024;

function open(length?: number) {
  const source = { resume: vi.fn(), abandon: vi.fn() };
  return { source, body: new ArrivingBody(source, length) };
}

/** Reads into the body's own memory, as a connection does. Returns whether there is room for more. */
function arrive(body: ArrivingBody, text: string): boolean {
  const room = body.room();
  return body.take(room, 0, room.write(text));
}

/** Fills the room of a body with one letter, and returns how many there were. */
function fill(body: ArrivingBody, letter: string): { readonly bytes: number; readonly goesOn: boolean } {
  const room = body.room().fill(letter);
  return { bytes: room.length, goesOn: body.take(room, 0, room.length) };
}

async function next(body: ArrivingBody): Promise<string | undefined> {
  const piece = await body.next();
  return piece === undefined ? undefined : Buffer.from(piece).toString();
}

describe('a body that arrives', () => {
  it('comes to its reader as one piece for each time it asks', async () => {
    const { body } = open();
    arrive(body, 'one ');
    arrive(body, 'two ');
    expect(await next(body)).toBe('one two ');
    arrive(body, 'three');
    body.end();
    expect(await next(body)).toBe('three');
    expect(await next(body)).toBeUndefined();
  });

  it('of a small one is had whole, also if it came from foreign memory', async () => {
    const { body } = open(11);
    const whole = body.whole();
    const head = Buffer.from('\r\n\r\nbegun ');
    body.take(head, 4, head.length);
    head.fill('x');
    arrive(body, 'ended');
    body.end();
    expect((await whole).toString()).toBe('begun ended');
    expect(open(11).body.isSmall).toBe(true);
    expect(open(257 * KIB).body.isSmall).toBe(false);
    expect(open().body.isSmall).toBe(false);
  });

  it.each(['before', 'after'])('is not had whole where it breaks off %s it is asked for', async (when) => {
    const { body } = open(11);
    const broken = new Error('broken');
    arrive(body, 'begun ');
    if (when === 'before') body.end(broken);
    const whole = body.whole();
    body.end(broken);
    await expect(whole).rejects.toBe(broken);
  });

  it('is waited for', async () => {
    const { body } = open(5);
    const piece = next(body);
    arrive(body, 'later');
    expect(await piece).toBe('later');
  });

  it('is copied from foreign memory, and goes on in its own', async () => {
    const { body } = open(100 * KIB);
    const head = Buffer.from('HTTP/1.1 200 OK\r\n\r\nbegun ');
    body.take(head, 19, head.length);
    head.fill('x');
    arrive(body, 'and ended');
    expect(await next(body)).toBe('begun and ended');
  });

  it('leaves out what stands between the pieces in its memory, as the sizes of chunks do', async () => {
    const { body } = open();
    const room = body.room();
    const end = room.write('5\r\nfirst\r\n6\r\nsecond\r\n');
    body.take(room, 3, 8);
    body.take(room, 13, 19);
    expect(end).toBe(21);
    expect(await next(body)).toBe('firstsecond');
  });

  it('is paused while its reader is behind, keeps what arrives all the same, and uses its memory again', async () => {
    const { body, source } = open();
    const sizes: number[] = [];
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    let goesOn = true;
    for (const letter of letters) {
      const filled = fill(body, letter);
      sizes.push(filled.bytes);
      goesOn = filled.goesOn;
      if (!goesOn) break;
    }
    expect(goesOn).toBe(false);
    expect(body.isPaused).toBe(true);
    const inMemory = sizes.reduce((sum, size) => sum + size, 0);
    expect(inMemory).toBeLessThanOrEqual(KIB * KIB);
    // What TLS had decrypted before the pause.
    for (let at = 0; at < 4; at += 1) fill(body, '!');
    expect(source.resume).not.toHaveBeenCalled();
    body.end();
    const seen: string[] = [];
    for (let piece = await next(body); piece !== undefined; piece = await next(body))
      seen.push(...new Set(piece));
    expect(seen.join('').replace(/!+$/, '')).toBe(letters.slice(0, sizes.length).join(''));
  });

  it('is read on when its reader has caught up', async () => {
    const { body, source } = open();
    while (fill(body, 'x').goesOn);
    await body.next();
    while (source.resume.mock.calls.length === 0) await body.next();
    expect(body.isPaused).toBe(false);
    expect(source.resume).toHaveBeenCalledTimes(1);
  });

  it.each<readonly [name: string, bytes: number]>([
    ['a byte', 1],
    ['many bytes', 4095],
    ['very many bytes', 4096],
  ])('in chunks of %s arrives in few pieces, in their order, and is paused', async (_name, bytes) => {
    const { body } = open();
    let sent = '';
    let goesOn = true;
    while (goesOn) {
      const room = body.room();
      for (let at = 3; at + bytes + 2 <= room.length && goesOn; at += bytes + 5) {
        const letter = String.fromCharCode(97 + (sent.length % 26));
        room.fill(letter, at, at + bytes);
        sent += letter.repeat(bytes);
        goesOn = body.take(room, at, at + bytes);
      }
      // The end of the memory of a read.
      room.fill('!', room.length - 1);
      body.take(room, room.length - 1, room.length);
      sent += '!';
    }
    body.end();
    const pieces: string[] = [];
    for (let piece = await next(body); piece !== undefined; piece = await next(body)) pieces.push(piece);
    expect(pieces.join('') === sent).toBe(true);
    expect(pieces.length).toBeLessThan(260);
  });

  it('that breaks off gives what has arrived, and then why', async () => {
    const { body, source } = open(100);
    arrive(body, 'some');
    body.fail(new Error('the wire is cut'));
    expect(source.abandon).toHaveBeenCalledTimes(1);
    expect(await next(body)).toBe('some');
    await expect(next(body)).rejects.toThrow('the wire is cut');
  });

  it('that nobody wants ends its connection, unless all of it is there', () => {
    const wanted = open(4);
    arrive(wanted.body, 'abcd');
    wanted.body.end();
    wanted.body.close();
    expect(wanted.source.abandon).not.toHaveBeenCalled();
    const unwanted = open(4);
    arrive(unwanted.body, 'ab');
    unwanted.body.close();
    expect(unwanted.source.abandon).toHaveBeenCalledTimes(1);
  });
});
