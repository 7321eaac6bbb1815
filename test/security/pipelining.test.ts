import { describe, expect, it } from 'vitest';
import { until } from '../support/programs.ts';
import { ok } from '../support/recording-backend.ts';
import { HOST, UPLOADS, base, get, post, raw } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

const anonymous = (target: string): string => get(target).replace('@AUTH@', '');
const wrong = (target: string): string =>
  get(target, 'Authorization: Basic YWxpY2U6bm8=').replace('@AUTH@', '');
const LAST = get('/v2/last/tags/list', 'Connection: close');

describe('requests that are sent ahead', () => {
  const fixture = useCaseFixture();

  const targetsSeen = async (): Promise<readonly string[]> =>
    (await fixture().wire()).flatMap(({ requests }) => requests.map(({ target }) => target));

  it.each<readonly [string, readonly string[], readonly number[], readonly string[]]>([
    [
      'each with its own credentials',
      [base(), anonymous('/v2/'), LAST],
      [200, 401, 200],
      ['/v2/', '/v2/last/tags/list'],
    ],
    [
      'wrong ones after good ones',
      [base(), wrong('/v2/a/tags/list'), LAST],
      [200, 401, 200],
      ['/v2/', '/v2/last/tags/list'],
    ],
    ['a refused one ends the connection', [base(), get('/v2/#'), LAST], [200, 400], ['/v2/']],
    [
      'one that cannot be read ends the connection',
      [base(), 'G\u0000T / HTTP/1.1\r\n\r\n', LAST],
      [200],
      ['/v2/'],
    ],
    ['nothing is served after a close', [LAST, get('/v2/after/tags/list')], [200], ['/v2/last/tags/list']],
    [
      'nothing is served after a stranger with a body',
      [post(['Content-Length: 5'], 'hello').replace('@AUTH@', ''), LAST],
      [401],
      [],
    ],
    [
      'nothing is served after a form',
      [
        raw(
          'PUT /v2/a/manifests/x HTTP/1.1',
          [HOST, 'Content-Length: 5', 'Content-Type: multipart/form-data'],
          'hello',
        ),
        LAST,
      ],
      [415],
      [],
    ],
    [
      'a body, a HEAD and a GET',
      [post(['Content-Length: 5'], 'hello'), raw('HEAD /v2/b/tags/list HTTP/1.1', [HOST]), LAST],
      [200, 200, 200],
      [UPLOADS, '/v2/b/tags/list', '/v2/last/tags/list'],
    ],
  ])('%s', async (_name, requests, statuses, targets) => {
    const methods = requests.map((request) => request.split(' ', 1)[0] ?? '');
    const cluster = await fixture().send(requests.join(''), { methods });
    expect(cluster.answers.map(({ status }) => status)).toEqual(statuses);
    expect((await targetsSeen()).toSorted()).toEqual(targets.toSorted());
  });

  it('are answered in order, one after the other, however slow the first is', async () => {
    let held: (() => void) | undefined;
    fixture().backend.script({
      onRequest: (socket, { target }) => {
        if (target === '/v2/slow/tags/list') held = () => ok(socket);
        else ok(socket);
      },
    });
    const answers = fixture().send([get('/v2/slow/tags/list'), LAST]);
    await fixture().backend.sees('/v2/slow/tags/list');
    await fixture()
      .wire()
      .then((wire) =>
        expect(wire.flatMap(({ requests }) => requests.map(({ target }) => target))).toEqual([
          '/v2/slow/tags/list',
        ]),
      );
    held?.();
    expect((await answers).answers.map(({ status }) => status)).toEqual([200, 200]);
    fixture().backend.script({});
    expect(await targetsSeen()).toEqual(['/v2/last/tags/list']);
  });

  it('are served up to a hundred, and the connection of who sends more ends', async () => {
    const many = await fixture().send(`${wrong('/v2/').repeat(100)}${LAST}`);
    expect(many.answers.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 100 }, () => 401),
      200,
    ]);
    expect(await targetsSeen()).toEqual(['/v2/last/tags/list']);
    const tooMany = await fixture().send(wrong('/v2/').repeat(1000));
    expect(tooMany.answers.length).toBeLessThanOrEqual(101);
    expect(await targetsSeen()).toEqual([]);
  });

  it('die with their connection', async () => {
    const before = fixture().backend.open();
    fixture().backend.script({ onRequest: () => undefined });
    const outcome = await fixture().send(`${get('/v2/held/tags/list')}${LAST}`, { finish: true });
    fixture().backend.script({});
    expect(outcome.answers).toEqual([]);
    await until(
      () => fixture().backend.open() <= before || undefined,
      () => 'the connection to the backend stayed',
    );
    expect((await targetsSeen()).filter((target) => target === '/v2/last/tags/list')).toEqual([]);
  });
});
