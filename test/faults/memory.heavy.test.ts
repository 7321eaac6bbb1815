import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { BLOB, eventually, openClient, startBackend, UPLOAD } from './scripted-backend.ts';
import type { Backend, Client, Visit } from './scripted-backend.ts';
import { startProcess } from '../support/processes.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const SIZE = 2 ** 30;
/** Above what it has at rest. The collector lets used pieces lie for a while; how many does not depend on how much passes. */
const LARGEST_GROWTH = 200 * 2 ** 20;
const PIECE = Buffer.alloc(256 * 1024, 'x');

let lender: TestGate;
let backend: Backend;
let script: (visit: Visit) => void = () => undefined;
let atRest = 0;
let gate: { readonly pid: number; readonly port: number; stop(): Promise<void> };
beforeAll(async () => {
  lender = await startTestGate({ backend: 'http://127.0.0.1:1' });
  backend = await startBackend((visit) => script(visit));
  const args = [MAIN, 'serve', '--listen', '127.0.0.1:0', '--backend', backend.url, '--certs', lender.certs];
  const child = startProcess(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let port = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.includes('"listening"')) port = Number(/"port":(\d+)/.exec(line)?.[1]);
  });
  await eventually('it listens', () => port > 0);
  atRest = rss(child.pid);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  gate = { pid: child.pid ?? 0, port, stop };
});
afterAll(async () => {
  await gate.stop();
  await backend.close();
  await lender.close();
});

function rss(pid: number | undefined): number {
  const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  return Number(pages) * 4096;
}

function client(): Promise<Client> {
  return openClient({ ...lender, port: gate.port });
}

/** Writes so many bytes, no faster than they are taken. */
function pour({ socket }: Pick<Visit, 'socket'>, size: number): void {
  let left = size;
  const fill = (): void => {
    let goesOn = true;
    while (goesOn && left > 0 && socket.writable) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      left -= piece.length;
      goesOn = socket.write(piece);
    }
  };
  socket.on('drain', fill);
  fill();
}

/** Waits, and gives the most memory that the gate had meanwhile. */
async function largestUntil(what: string, holds: () => boolean): Promise<number> {
  let largest = 0;
  await eventually(what, () => {
    largest = Math.max(largest, rss(gate.pid));
    return holds();
  });
  return largest;
}

describe('the memory of the gate stays flat', () => {
  it('while a gigabyte is pushed', async () => {
    let answered = false;
    const before = backend.visits.length;
    script = () => undefined;
    const one = await client();
    one.ask('PATCH', UPLOAD, `Content-Length: ${SIZE}`);
    pour(one, SIZE);
    const largest = await largestUntil('all of it is there', () => {
      const visit = backend.visits[before];
      if (!answered && visit !== undefined && visit.received() > SIZE) {
        answered = true;
        visit.socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
      }
      return one.answers().length > 0;
    });
    expect(one.answers()[0]).toMatchObject({ status: 202 });
    expect(largest - atRest).toBeLessThan(LARGEST_GROWTH);
    one.close();
  });

  it('while a gigabyte is pulled', async () => {
    script = (visit) => {
      visit.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
      pour(visit, SIZE);
    };
    const one = await client();
    one.ask('GET', BLOB);
    const largest = await largestUntil('all of it is here', () => one.received() > SIZE);
    expect(largest - atRest).toBeLessThan(LARGEST_GROWTH);
    one.close();
  });

  it('R119: while 50 pushes and 50 pulls of a gigabyte stand still', async () => {
    let asked = 0;
    script = (visit) => {
      asked += 1;
      if (visit.text().startsWith('PATCH')) {
        visit.socket.pause();
        return;
      }
      visit.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
      pour(visit, SIZE);
    };
    const before = backend.visits.length;
    const clients = await Promise.all(Array.from({ length: 100 }, () => client()));
    for (const [nth, one] of clients.entries()) {
      if (nth % 2 === 0) {
        one.ask('PATCH', UPLOAD, `Content-Length: ${SIZE}`);
        pour(one, SIZE);
      } else {
        one.socket.pause();
        one.ask('GET', BLOB);
      }
    }
    const moved = (): number =>
      clients.reduce((sum, { socket }) => sum + socket.bytesWritten, 0) +
      backend.visits.reduce((sum, { socket }) => sum + socket.bytesWritten, 0);
    let last = -1;
    let same = 0;
    const largest = await largestUntil('all stand still', () => {
      same = moved() === last ? same + 1 : 0;
      last = moved();
      return same > 20 && asked >= 100;
    });
    expect(largest - atRest).toBeLessThan(LARGEST_GROWTH);
    for (const one of clients) one.close();
    await eventually('the backend is left', () =>
      backend.visits.slice(before).every((visit) => isLeft(visit)),
    );
  });
});

/** A backend that does not read sees a goodbye as soon as it reads again. */
function isLeft(visit: Visit): boolean {
  visit.socket.resume();
  return visit.end() !== 'open';
}
