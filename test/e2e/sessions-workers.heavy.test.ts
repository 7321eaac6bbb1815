import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, USER, makeCerts, startGate, type GateProcess } from '../support/gate-process.ts';
import { PageClient } from '../support/page-client.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';

/** Connections of their own: the workers take them in turn. */
const TIMES = 20;

describe('sessions of two workers', () => {
  let folder: Folder;
  let gate: GateProcess;
  let browser: PageClient;

  beforeAll(async () => {
    folder = await temporaryFolder('sessions');
    await makeCerts(folder.path, ['127.0.0.1', 'localhost']);
    const ca = await readFile(join(folder.path, 'ca.crt'), 'utf8');
    const backend = `embedded:${join(folder.path, 'data')}`;
    gate = await startGate({ certs: folder.path, backend, args: ['--workers', '2', '--pages', 'on'] });
    browser = new PageClient({ port: Number(new URL(gate.url).port), ca });
  });
  afterAll(async () => {
    await gate.close();
    await folder.close();
  });

  /** In how many of the answers the browser is signed in. */
  async function timesIn(): Promise<number> {
    let times = 0;
    for (let nth = 0; nth < TIMES; nth += 1) {
      const { body } = await browser.get('/sign-in');
      if (body.includes('You are signed in as alice.')) times += 1;
    }
    return times;
  }

  it('are known to both at once, and after a new password, and gone from both at once', async () => {
    expect((await browser.signIn(USER, PASSWORD)).status).toBe(303);
    expect(await timesIn()).toBe(TIMES);
    const next = 'Another-Pa55-of-alice';
    const csrf = await browser.formToken('/account');
    const changed = await browser.post('/account/password', { csrf, old: PASSWORD, next, repeat: next });
    expect(changed.location).toBe('/account?done=password');
    expect(await timesIn()).toBe(TIMES);
    const kept = browser.session ?? '';
    await browser.post('/sign-out', { csrf: await browser.formToken('/sign-in') });
    browser.cookies.set('__Host-registry-gate', kept);
    expect(await timesIn()).toBe(0);
    const answered = gate.log.filter((line) => line.includes('"path":"/sign-in"'));
    expect(new Set(answered.map((line) => JSON.parse(line).worker)).size).toBe(2);
  });
});
