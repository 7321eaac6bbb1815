import { describe, expect, it } from 'vitest';
import { sendRaw } from '../support/raw-client.ts';
import { HOST, base, chunked, get, post, raw } from './cases/hostile-case.ts';
import { complaintsAboutForwarded, useArena } from './run-cases.ts';

const REQUESTS = 2000;
const AT_ONCE = 8;
const SEED = 20_261_122;

/** It has no credentials of its own: where the backend sees it, it was taken for a part of another request. */
const HIDDEN = `GET /v2/hidden/tags/list HTTP/1.1\r\n${HOST}\r\n\r\n`;

const ORIGINALS = [
  base('Accept: */*', 'User-Agent: x'),
  get('/v2/a/manifests/latest', 'Accept: application/json', 'Connection: keep-alive'),
  post([`Content-Length: ${HIDDEN.length}`, 'Content-Type: application/octet-stream'], HIDDEN),
  chunked(`${HIDDEN.length.toString(16)};a=b\r\n${HIDDEN}\r\n0\r\nX-Trailer: 1\r\n\r\n`),
  raw(
    'PUT /v2/a/manifests/x HTTP/1.1',
    [HOST, 'Expect: 100-continue', `Content-Length: ${HIDDEN.length}`],
    HIDDEN,
  ),
  raw('HEAD /v2/_catalog?n=10&last=a%2Fb HTTP/1.0', [HOST]),
];

const MORSELS = [
  ...'\r|\n|\r\n|\r\n\r\n|\0|\t| |:|;|,|/|//|/../|%2f|%00|#|?|\\|\u00ff|\u0085'.split('|'),

  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  '\r\nTransfer-Encoding: chunked',

  'Connection: close\r\n',
  'Host: evil\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: h2c\r\n',
  '0\r\n\r\n',
  'HTTP/1.1',
  'X_Remote_User: a\r\n',
];

/** Numbers below `below`, the same ones in every run (mulberry32). */
function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Dice = ReturnType<typeof createDice>;

function mutate(text: string, dice: Dice): string {
  const at = dice(text.length);
  const to = at + 1 + dice(20);
  switch (dice(6)) {
    case 0:
      return (
        text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << dice(8))) + text.slice(at + 1)
      );
    case 1:
      return text.slice(0, at) + text.slice(to);
    case 2:
      return text.slice(0, to) + text.slice(at);
    case 3:
      return text.slice(0, at) + String.fromCharCode(dice(256)) + text.slice(at);
    case 4:
      return text.slice(0, at);
    default:
      return text.slice(0, at) + (MORSELS[dice(MORSELS.length)] ?? '') + text.slice(at);
  }
}

describe(`${REQUESTS} requests with bytes changed, seed ${SEED}`, () => {
  const arena = useArena();

  it('reach the backend well-formed, one for one, or not at all, and the gate lives', async () => {
    const dice = createDice(SEED);
    const { gate, backend } = arena();
    const lines = `Authorization: ${gate.authorization}\r\n`;
    // Ends what is open, and shows what was left of the connection.
    const last = get('/v2/last/tags/list', 'Connection: close').replace('@AUTH@', lines);
    const mutants = Array.from({ length: REQUESTS }, () => {
      const original = ORIGINALS[dice(ORIGINALS.length)] ?? '';
      const rounds = 1 + dice(3);
      const bytes = original.replace('@AUTH@', lines);
      return Array.from({ length: rounds }).reduce<string>((text) => mutate(text, dice), bytes);
    });
    const complaints: string[] = [];
    let forwarded = 0;
    let answered = 0;
    for (let at = 0; at < REQUESTS; at += AT_ONCE) {
      const batch = mutants.slice(at, at + AT_ONCE);
      const outcomes = await Promise.all(
        batch.map((bytes) => sendRaw({ port: gate.port, ca: gate.ca, bytes: bytes + last })),
      );
      answered += outcomes.filter(({ answers }) => answers.length > 0).length;
      const wire = await arena().wire();
      const requests = wire
        .flatMap((recorded) => recorded.requests)
        .filter(({ target }) => target !== '/v2/last/tags/list');
      forwarded += requests.length;
      const found = [
        ...wire.flatMap(({ malformed }) => (malformed === undefined ? [] : [malformed])),
        ...requests.flatMap(complaintsAboutForwarded),
        ...requests
          .filter(({ target }) => target.includes('hidden'))
          .map(({ target }) => `smuggled: ${target}`),
        ...(requests.length > batch.length ? ['more requests than were sent'] : []),
      ];
      if (found.length > 0) complaints.push(...found, ...batch.map((bytes) => JSON.stringify(bytes)));
    }
    expect(complaints).toEqual([]);
    // Neither is all of it refused at the first byte, nor does all of it pass.
    expect(forwarded).toBeGreaterThan(REQUESTS / 20);
    expect(forwarded).toBeLessThan(REQUESTS);
    expect(answered).toBeGreaterThan(REQUESTS / 2);
    expect(gate.log.filter((line) => line.includes('unexpected failure'))).toEqual([]);
    expect((await arena().send(base('Connection: close'))).answers.map(({ status }) => status)).toEqual([
      200,
    ]);
    expect(backend.open()).toBeLessThanOrEqual(AT_ONCE + 2);
  }, 120_000);
});
