import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { schema } from '../../src/config/schema/schema.ts';
import { reportFigures, sized } from '../support/hostile.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { basic, startTestGate, type TestGate } from '../support/test-gate.ts';

const OFFICE = '127.0.0.1';
/** So many places has the line, and so many attackers keep it full. */
const PLACES = 4;
const ATTACKERS = sized(24, 100);
const SIGN_INS = sized(4, 20);

let folder: Folder;
let backend: RecordingBackend;
let gate: TestGate;

beforeEach(async () => {
  folder = await temporaryFolder('flood');
  backend = await startRecordingBackend();
  const users = ['alice', 'bob'].map(async (name) => `${name}:${await bcrypt.hash(`right of ${name}`, 8)}\n`);
  await writeFile(join(folder.path, 'users'), (await Promise.all(users)).join(''), { mode: 0o600 });
  gate = await startTestGate({
    backend: backend.url,
    limits: { hashQueue: PLACES },
    config: {
      users: join(folder.path, 'users'),
      state: folder.path,
      // Nothing is remembered: each sign-in needs its hash.
      auth: { ...schema.parse({}).auth, cacheSeconds: 0 },
    },
  });
});

afterEach(async () => {
  await gate.close();
  await backend.close();
  await folder.close();
});

function signIn(authorization: string, from: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const options = { host: '127.0.0.1', port: gate.port, ca: gate.ca, localAddress: from, agent };
    request({ ...options, path: '/v2/', servername: 'localhost', headers: { authorization } }, (answer) =>
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0)),
    )
      .on('error', reject)
      .end();
  });
}

/** Strangers of as many networks, each with another name and password at every try, until they are told to stop. */
function flood(): { readonly statuses: number[]; stop(): Promise<unknown> } {
  const statuses: number[] = [];
  const flood = new AbortController();
  const attack = async (nth: number): Promise<void> => {
    while (!flood.signal.aborted) {
      const secret = randomBytes(8).toString('hex');
      statuses.push(await signIn(basic(`user ${secret}`, secret), `127.1.${nth}.1`));
    }
  };
  const all = Array.from({ length: ATTACKERS }, (_none, nth) => attack(nth));
  return {
    statuses,
    stop: () => {
      flood.abort();
      return Promise.all(all);
    },
  };
}

describe('a flood of passwords from many networks', () => {
  it('turns away no user who was right before, and nobody from where users come', async () => {
    const [alice, bob] = ['alice', 'bob'].map((name) => basic(name, `right of ${name}`));
    expect(await signIn(alice ?? '', OFFICE)).toBe(200);
    const attack = flood();
    try {
      await expect.poll(() => attack.statuses.includes(503)).toBe(true);
      const said: number[] = [];
      for (let at = 0; at < SIGN_INS; at += 1) {
        // From another network too, with what was right; and from the same, with what was never tried.
        said.push(await signIn(alice ?? '', OFFICE), await signIn(alice ?? '', '127.9.9.9'));
        said.push(await signIn(bob ?? '', OFFICE));
      }
      expect(said).toEqual(said.map(() => 200));
    } finally {
      await attack.stop();
    }
    const unchecked = attack.statuses.filter((status) => status === 503).length;
    reportFigures('a flood of passwords', { tried: attack.statuses.length, unchecked });
    expect(attack.statuses.filter((status) => status === 200)).toEqual([]);
  });
});
