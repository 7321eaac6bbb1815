import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { PageClient } from '../support/page-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { TEST_PASSWORD, startTestGate, type TestGate } from '../support/test-gate.ts';
import { writeUsers } from './rights-fixture.ts';

interface PagesFixture {
  readonly gate: TestGate;
  /** The password of alice, bob and mallory. */
  readonly password: string;
  /** Another browser. */
  browser(): PageClient;
}

/** A gate with pages, for one test file. */
export function usePages(): () => PagesFixture {
  let folder = '';
  let backend: RecordingBackend;
  let gate: TestGate;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gate-pages-'));
    await writeUsers(folder, ['alice', 'bob', 'mallory']);
    backend = await startRecordingBackend();
    const config = { pages: 'on' as const, state: folder, users: join(folder, 'htpasswd') };
    gate = await startTestGate({ backend: backend.url, config });
  });
  afterAll(async () => {
    await gate.close();
    await backend.close();
    await rm(folder, { recursive: true });
  });
  return () => ({ gate, password: TEST_PASSWORD, browser: () => new PageClient(gate) });
}

/** What browsers say where a form comes from a page of another site, or where nothing is said. */
export const FOREIGN_SOURCES: readonly (readonly [string, Readonly<Record<string, string | undefined>>])[] = [
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }],
  ['another host of this site', { 'sec-fetch-site': 'same-site', origin: 'https://other.localhost' }],
  [
    'another site, in a browser without Sec-Fetch-Site',
    { 'sec-fetch-site': undefined, origin: 'https://evil.test' },
  ],
  ['this host without TLS', { 'sec-fetch-site': undefined, origin: 'http://127.0.0.1' }],
  ['this host at another port', { 'sec-fetch-site': undefined, origin: 'https://127.0.0.1:1' }],
  ['a page without an origin', { 'sec-fetch-site': undefined, origin: 'null' }],
  ['where nothing is said', { 'sec-fetch-site': undefined }],
  ['a word that is none', { 'sec-fetch-site': 'same-origin, cross-site' }],
];
