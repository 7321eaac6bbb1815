import { describe, expect, it } from 'vitest';
import { allOf, openScripted, sendJson, startScripted, type Scripted } from '../images/client/scripted.ts';

const tags = (server: Scripted): Promise<string[]> =>
  allOf(openScripted(server.name).repository('team/app').listTags());

describe('pages of a list', () => {
  it('are read one after the other, 10^5 entries too', async () => {
    const server = await startScripted(({ url }, response) => {
      const at = Number(/last=(\d+)/.exec(url)?.[1] ?? 0);
      const names = Array.from({ length: 1000 }, (_none, index) => `v${at + index}`);
      const link: Record<string, string> =
        at < 99_000 ? { link: `</v2/team/app/tags/list?n=1000&last=${at + 1000}>; rel="next"` } : {};
      sendJson(response, { name: 'team/app', tags: names }, link);
    });
    let count = 0;
    for await (const tag of openScripted(server.name).repository('team/app').listTags())
      if (tag === `v${count}`) count += 1;
    expect(count).toBe(100_000);
  });

  it.each<readonly [name: string, link: string]>([
    ['another host', '<https://evil.example/v2/x>; rel="next"'],
    ['another port', '<http://127.0.0.1:9/v2/x>; rel="next"'],
    ['something beside the registry', '</admin?delete=all>; rel="next"'],
    ['a file', '<file:///etc/passwd>; rel="next"'],
    ['no address', '<http://>; rel="next"'],
  ])('that name %s as the next are refused', async (_name, link) => {
    const server = await startScripted((_request, response) => sendJson(response, { tags: ['a'] }, { link }));
    await expect(tags(server)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(server.requests).toHaveLength(1);
  });

  it('that name each other end', async () => {
    const server = await startScripted(({ url }, response) =>
      sendJson(response, { tags: ['a'] }, { link: `</v2/x?${url.endsWith('a') ? 'b' : 'a'}>; rel=next` }),
    );
    await expect(tags(server)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(server.requests.length).toBeLessThan(5);
  });

  it.each<readonly [name: string, value: unknown, expected: readonly string[]]>([
    ['null', { tags: null }, []],
    ['nothing', {}, []],
    ['names that are none', { tags: ['ok', 1, null, '../x', 'a b', '\u001b[2J'] }, ['ok']],
  ])('with %s', async (_name, value, expected) => {
    const server = await startScripted((_request, response) => sendJson(response, value));
    expect(await tags(server)).toEqual(expected);
  });
});
