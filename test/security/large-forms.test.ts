import { describe, expect, it } from 'vitest';
import { sendRaw, type RawAnswer } from '../support/raw-client.ts';
import { usePages } from './pages-fixture.ts';

const pages = usePages();
const LARGE = 256 * 1024;
const HERE = 'Sec-Fetch-Site: same-origin';

/** Says that a form comes, and sends no byte of it: whatever answers has not waited for it. */
async function announce(path: string, lines: readonly string[], length: number): Promise<RawAnswer> {
  const { gate } = pages();
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${length}`,
    ...lines,
  ];
  const bytes = `${head.join('\r\n')}\r\n\r\n`;
  const { answers } = await sendRaw({ port: gate.port, ca: gate.ca, bytes, answers: 1 });
  const [answer] = answers;
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

describe('a form of somebody who has not signed in', () => {
  it.each<readonly [string, string, readonly string[], number]>([
    ['of a page of another site', '/sign-in', ['Sec-Fetch-Site: cross-site'], 403],
    ['without a word of where it comes from', '/sign-in', [], 403],
    [
      'of a page of another site, for what needs a session',
      '/account/password',
      ['Origin: https://x.test'],
      403,
    ],
    ['without a session', '/account/password', [HERE], 303],
    ['with a cookie that is none', '/owner/revoke', [HERE, 'Cookie: __Host-registry-gate=rgs_x'], 303],
    ['to remove something', '/r/team/app/-/remove', [HERE], 303],
    ['to sign out', '/sign-out', [HERE], 303],
  ])('is not waited for: %s', async (_name, path, lines, status) => {
    const answer = await announce(path, lines, LARGE);
    expect([answer.status, answer.header('connection')]).toEqual([status, 'close']);
  });

  it.each([
    ['/sign-in', 16 * 1024 + 1],
    ['/sign-in', LARGE],
    ['/preferences', LARGE],
  ])('is refused where it is large: %s, %i bytes', async (path, length) => {
    expect((await announce(path, [HERE], length)).status).toBe(413);
  });

  it('is refused for its marks before it is decoded', async () => {
    const { status } = await pages()
      .browser()
      .post('/sign-in', { user: ' '.repeat(1001) });
    expect(status).toBe(413);
  });
});

describe('a form with a session', () => {
  it('may be large', async () => {
    const { browser, password } = pages();
    const alice = browser();
    await alice.signIn('alice', password);
    const csrf = await alice.formToken('/account');
    const all = Array.from({ length: 1000 }, (_none, at) => ['tag', `${at}${'x'.repeat(128)}`] as const);
    const { status } = await alice.post('/account/end-browser', [['csrf', csrf], ['id', 's-0'], ...all]);
    expect(status).toBe(303);
  });

  it('to sign in again may not', async () => {
    const { browser, password } = pages();
    const alice = browser();
    await alice.signIn('alice', password);
    const cookie = `Cookie: __Host-registry-gate=${alice.session}`;
    expect((await announce('/sign-in', [HERE, cookie], LARGE)).status).toBe(413);
  });
});

describe('a password with a control character', () => {
  it.each(['\0', '\u001B', '\u0085'])('is not taken for the one without it: %j', async (control) => {
    const { browser, password } = pages();
    const { status, headers } = await browser().signIn('alice', `${password}${control}`);
    expect([status, headers['set-cookie']]).toEqual([400, undefined]);
  });
});
