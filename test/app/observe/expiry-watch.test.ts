import { readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { schema } from '../../../src/config/schema/schema.ts';
import type { Ending } from '../../../src/lib/ending.ts';
import { createLog } from '../../../src/observe/access-log.ts';
import { openExpiryWatch, type ExpiryWatch } from '../../../src/app/observe/expiry-watch.ts';
import { startGate } from '../../../src/app/start.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

const DAY = 86_400_000;
const END = new Date('2027-06-01T12:00:00Z');

interface Scene {
  readonly watch: ExpiryWatch;
  /** Goes through these days before the end, hour by hour, and gives what was logged with the days left. */
  readonly goFrom: (days: number, to: number) => readonly string[];
}

function scene(kind: Ending['kind'], more: Partial<Ending> = {}): Scene {
  const lines: string[] = [];
  let now = new Date(END.getTime() - 60 * DAY);
  const left = (): number => Math.round((END.getTime() - now.getTime()) / DAY);
  const quiet = (): void => undefined;
  const ending = { kind, name: 'it', notAfter: END, ...more };
  const watch = openExpiryWatch({
    own: () => (kind === 'machine token' ? [] : [ending]),
    tokens: () => (kind === 'machine token' ? [ending] : []),
    logger: {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (_fields, message) => void lines.push(`${message} ${left()}`),
    },
    today: () => now,
    onNotice: (_ending, sentence, hasEnded) => void lines.push(`${hasEnded ? 'ended' : 'near'}: ${sentence}`),
  });
  watch.close();
  const goFrom = (from: number, to: number): readonly string[] => {
    lines.length = 0;
    for (let hour = from * 24; hour >= to * 24; hour -= 1) {
      now = new Date(END.getTime() - (hour * DAY) / 24);
      watch.check();
    }
    return lines.filter((line) => line.startsWith('expire'));
  };
  return { watch, goFrom };
}

const BEFORE = [30, 14, 7, 3, 1].map((days) => `expires soon ${days}`);

describe('the watch over what ends', () => {
  it.each(['certificate', 'intermediate', 'CA', 'backend CA', 'token certificate', 'machine token'] as const)(
    'says the end of a %s 30, 14, 7, 3 and 1 days before, and daily after',
    (kind) => {
      const { goFrom } = scene(kind);
      const after = ['expired 0', 'expired -1', 'expired -2', 'expired -3', 'expired -4'];
      const said = goFrom(60, -4.5).map((line) => line.replace('-0', '0'));
      expect(said.slice(0, BEFORE.length)).toEqual(BEFORE);
      expect(said.slice(BEFORE.length)).toEqual(after);
    },
  );

  it('says it once at each stage, and at once where it begins in the middle of one', () => {
    const { goFrom } = scene('CA');
    expect(goFrom(20, 15)).toEqual(['expires soon 20']);
    expect(goFrom(15, 14.5)).toEqual([]);
  });

  it('forgets a token two weeks after its end, and a certificate never', () => {
    expect(scene('machine token').goFrom(-15, -20)).toEqual([]);
    expect(scene('CA').goFrom(-15, -17)).toHaveLength(3);
  });

  it('is quiet about what the gate renews, until it should have been', () => {
    const { goFrom } = scene('certificate', { noticeFrom: new Date(END.getTime() - 5 * DAY) });
    expect(goFrom(60, 5.5)).toEqual([]);
    expect(goFrom(5, 4)).toEqual(['expires soon 5']);
  });

  it('tells those who push in the last two weeks, without a path', () => {
    const { watch, goFrom } = scene('CA');
    goFrom(20, 20);
    expect(watch.warning()).toBeUndefined();
    goFrom(3, 3);
    expect(watch.warning()).toBe('the CA of this registry ends in 3 days, on 2027-06-01: tell its operator');
    expect(watch.ended()).toBeUndefined();
    goFrom(-1, -1);
    expect(watch.ended()).toBe('the CA has expired');
    expect(scene('machine token').watch.warning()).toBeUndefined();
  });
});

describe('a gate with a certificate that it cannot renew', () => {
  let folder: Folder;
  beforeEach(async () => {
    folder = await temporaryFolder('ending');
    await initCertificates({ directory: folder.path, hosts: ['127.0.0.1'], now: new Date(), days: 4 });
    await rm(join(folder.path, 'ca.key'));
    await writeFile(join(folder.path, 'htpasswd'), 'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n');
  });
  afterEach(() => folder.close());

  it('says so in its log, its audit log and to those who push', async () => {
    const lines: string[] = [];
    const parsed = schema.parse({
      listen: '127.0.0.1:0',
      certs: folder.path,
      backend: `embedded:${join(folder.path, 'data')}`,
      audit: { file: join(folder.path, 'audit.log') },
    });
    const config = { ...parsed, users: join(folder.path, 'htpasswd'), state: folder.path };
    const gate = await startGate(
      config,
      createLog({ level: 'warn', destination: { write: (line) => void lines.push(line) } }),
    );
    const port = gate.addresses[0]?.port ?? 0;
    const ca = await readFile(join(folder.path, 'ca.crt'));
    const ask = (method: string, path: string, body = ''): Promise<string | string[] | undefined> =>
      new Promise((resolve, reject) => {
        const headers = {
          authorization: `Basic ${btoa('alice:password')}`,
          'content-type': INDEX,
          'content-length': body.length,
        };
        request({ host: '127.0.0.1', port, ca, method, path, headers, agent: false }, (response) => {
          response
            .resume()
            .on('end', () => resolve([`${response.statusCode}`, `${response.headers['warning']}`]));
        })
          .on('error', reject)
          .end(body);
      });
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
    expect(await ask('PUT', '/v2/app/manifests/1', manifest)).toEqual([
      '201',
      expect.stringMatching(
        /^299 - "the certificate of this registry ends in 3 days, on [\d-]+: tell its operator"$/,
      ),
    ]);
    expect(await ask('GET', '/v2/app/manifests/1')).toEqual(['200', 'undefined']);
    await gate.stop();
    expect(lines.filter((line) => line.includes('expires soon'))).toEqual([
      expect.stringMatching(/"kind":"certificate".*domain\.crt ends in 3 days/),
    ]);
    expect(await readFile(join(folder.path, 'audit.log'), 'utf8')).toMatch(
      /"event":"expiry","result":"near".*domain\.crt ends in 3 days.*"part":"certificate"/,
    );
  });
});

const INDEX = 'application/vnd.oci.image.index.v1+json';
