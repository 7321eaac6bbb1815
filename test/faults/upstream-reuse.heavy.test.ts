import { beforeEach, describe, expect, it } from 'vitest';
import { useScriptedGate } from './scripted-gate.ts';
import { BLOB, eventually, exchanges, MANIFEST, openClient, UPLOAD } from './scripted-backend.ts';
import type { Client, Visit } from './scripted-backend.ts';

const scripted = useScriptedGate({ timeouts: { backendSeconds: 0.3 } });
let client: Client;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

beforeEach(async () => {
  // No connection is left over from the test before.
  for (const visit of scripted.backend.visits) visit.socket.destroy();
  client = await openClient(scripted.gate);
  scripted.script = (visit) => void visit.socket.write(OK);
  return () => client.close();
});

/** Connections that the backend got while this ran. */
async function visitsDuring(act: () => Promise<void>): Promise<readonly Visit[]> {
  const before = scripted.backend.visits.length;
  await act();
  return scripted.backend.visits.slice(before);
}

async function get(nth: number): Promise<number> {
  client.ask('GET', BLOB);
  return (await client.answer(nth)).status;
}

describe('connections to the backend', () => {
  it('R116: are used again: 1000 requests, one connection, no listener left behind', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    const visits = await visitsDuring(async () => {
      let left = 1000;
      client.socket.on('data', () => {
        // One answer fits into one record, so each piece asks for the next.
        if ((left -= 1) > 0) client.ask('GET', BLOB);
      });
      client.ask('GET', BLOB);
      await eventually('all answers', () => left <= 0);
    });
    const statuses = [...new Set(client.answers().map(({ status }) => status))];
    process.off('warning', warn);
    expect({ statuses: [...statuses], visits: visits.length, warnings }).toEqual({
      statuses: [200],
      visits: 1,
      warnings: [],
    });
  });

  const STALE: readonly (readonly [string, (visit: Visit) => void])[] = [
    ['closes', (visit) => void visit.socket.end()],
    ['resets', (visit) => void visit.socket.resetAndDestroy()],
  ];
  for (const [what, leave] of STALE) {
    it(`a GET is asked again, once, where the backend ${what} the kept connection at that moment`, async () => {
      const warnings: Error[] = [];
      const warn = (warning: Error): void => void warnings.push(warning);
      process.on('warning', warn);
      const visits = await visitsDuring(async () => {
        expect(await get(0)).toBe(200);
        let requests = 0;
        scripted.script = (visit) => {
          requests += 1;
          if (requests === 1) leave(visit);
          else visit.socket.write(OK);
        };
        expect(await get(1)).toBe(200);
        expect(requests).toBe(2);
      });
      process.off('warning', warn);
      expect({ visits: visits.length, warnings }).toEqual({ visits: 2, warnings: [] });
    });

    it(`and no more than once where it ${what} the new one too`, async () => {
      await get(0);
      let requests = 0;
      scripted.script = (visit) => {
        requests += 1;
        leave(visit);
      };
      expect(await get(1)).toBe(502);
      expect(requests).toBe(2);
    });
  }

  it('a GET is not asked again once the answer has begun', async () => {
    await get(0);
    let requests = 0;
    scripted.script = (visit) => {
      requests += 1;
      visit.socket.end('HTTP/1.1 200 OK\r\nConte');
    };
    expect(await get(1)).toBe(502);
    expect(requests).toBe(1);
  });

  const CHANGING: readonly (readonly [string, string])[] = [
    ['POST', '/v2/library/app/blobs/uploads/'],
    ['PATCH', UPLOAD],
    ['PUT', MANIFEST],
    ['DELETE', MANIFEST],
  ];
  for (const [method, target] of CHANGING) {
    it(`${method} is never sent twice`, async () => {
      await get(0);
      let requests = 0;
      scripted.script = (visit) => {
        requests += 1;
        visit.socket.end();
      };
      client.ask(method, target, ...(method === 'DELETE' ? [] : ['Content-Length: 0']));
      expect(await client.answer(1)).toMatchObject({ status: 502 });
      expect(requests).toBe(1);
    });
  }
});

describe('a connection to the backend is not used again', () => {
  const SUSPECT: readonly (readonly [string, string])[] = [
    ['bytes after the answer', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`],
    ['an unasked interim answer', `HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${OK}`],
    ['a body where none may be', 'HTTP/1.1 304 Not Modified\r\n\r\npoison'],
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
  ];
  for (const [name, bytes] of SUSPECT) {
    it(`after ${name}`, async () => {
      const visits = await visitsDuring(async () => {
        scripted.script = (visit) => void visit.socket.write(bytes);
        client.ask('GET', BLOB);
        await eventually('an answer', () => client.answers().length === 1);
        scripted.script = (visit) => void visit.socket.write(OK);
        expect(await get(1)).toBe(200);
      });
      expect(visits.length).toBe(2);
      expect(client.text()).not.toContain('poison');
      await eventually('it is closed', () => visits[0]?.end() !== 'open');
    });
  }

  it('after an answer that nobody asked for, sent while it waits', async () => {
    const visits = await visitsDuring(async () => {
      await get(0);
      scripted.backend.visits.at(-1)?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison');
      await eventually('it is closed', () => scripted.backend.visits.at(-1)?.end() !== 'open');
      expect(await get(1)).toBe(200);
    });
    expect(visits.length).toBe(2);
    expect(client.text()).not.toContain('poison');
  });

  it('after the client has left', async () => {
    const visits = await visitsDuring(async () => {
      scripted.script = (visit) =>
        void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.');
      client.ask('GET', BLOB);
      await eventually('the answer begins', () => client.text().includes('five.'));
      client.close();
      await eventually('it is closed', () => scripted.backend.visits.at(-1)?.end() !== 'open');
      client = await openClient(scripted.gate);
      scripted.script = (visit) => void visit.socket.write(OK);
      expect(await get(0)).toBe(200);
    });
    expect(visits.length).toBe(2);
  });

  it('after a time-out', async () => {
    const visits = await visitsDuring(async () => {
      scripted.script = () => undefined;
      expect(await get(0)).toBe(504);
      await eventually('it is closed', () => scripted.backend.visits.at(-1)?.end() !== 'open');
      client = await openClient(scripted.gate);
      scripted.script = (visit) => void visit.socket.write(OK);
      expect(await get(0)).toBe(200);
    });
    expect(visits.length).toBe(2);
  });

  it('after a second answer in the same breath: the next user never gets it', async () => {
    scripted.script = (visit) =>
      void visit.socket.write(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`);
    client.ask('GET', BLOB);
    await client.answer(0);
    scripted.script = (visit) => void visit.socket.write(OK);
    for (let nth = 1; nth < 20; nth += 1) expect(await get(nth)).toBe(200);
    expect(client.text()).not.toContain('poison');
    expect(exchanges(scripted.gate).at(-1)).toMatchObject({ status: 200, outcome: 'complete' });
  });
});
