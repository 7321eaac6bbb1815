import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, startDaemon, type Ran } from '../support/programs.ts';
import { SKOPEO } from '../support/rights-clients.ts';
import { curl, locationOf } from '../support/rights-curl.ts';
import { openClientSession, there, type ClientSession } from '../support/rights-client-session.ts';
import { endsAs, waysOf } from '../support/rights-expectations.ts';
import type { Credential, Holding, RightsGate } from '../support/rights-gate.ts';
import { RULES, RULES_WITHOUT_DEV, openRightsGate, tokenId } from '../support/rights-gate.ts';
import { fill, isThere, verdictOf } from '../support/rights-table.ts';
import { describeWith } from '../support/requires.ts';

const STATUS = ['--output', '/dev/null', '--write-out', '%{http_code}'];
const OCTETS = ['--header', 'Content-Type: application/octet-stream'];

describe.each([
  { name: 'docker-registry', programs: ['docker-registry'], embedded: false },
  { name: 'the embedded registry', programs: [], embedded: true },
])('in front of $name', ({ programs, embedded }) => {
  describeWith(['curl', 'skopeo', ...programs], 'rights that change', () => {
    let fixture: RightsGate;

    beforeAll(async () => {
      fixture = await openRightsGate({ embedded });
      await fill(fixture, []);
    });
    afterAll(() => fixture?.close());

    const sessionOf = (holding: Holding): Promise<ClientSession> =>
      openClientSession(fixture, fixture.credentials[holding]);
    const statusOf = async (
      topicHandlers: ClientSession,
      path: string,
      ...args: readonly string[]
    ): Promise<string> => (await curl(topicHandlers, path, ...STATUS, ...args)).stdout;

    /** Opens an upload; resolves to where it is. */
    async function openUpload(topicHandlers: ClientSession, repository: string): Promise<string> {
      const ran = await curl(
        topicHandlers,
        `/v2/${repository}/blobs/uploads/`,
        '--request',
        'POST',
        '--include',
      );
      expect(ran.output).toMatch(/^HTTP\/1\.1 202 /m);
      return locationOf(ran);
    }

    /** Sends a part of an upload slowly; resolves once it is let in, to what resolves to where the upload goes on. */
    async function sendSlowly(
      { who }: ClientSession,
      where: string,
      file: string,
    ): Promise<() => Promise<string>> {
      const me = ['--user', `${who?.user}:${who?.password}`, '--cacert', fixture.caFile];
      const part = ['--request', 'PATCH', '--data-binary', `@${file}`, ...OCTETS];
      const slowly = [
        '--limit-rate',
        '400k',
        '--header',
        'Expect: 100-continue',
        '--expect100-timeout',
        '60',
      ];
      const sending = startDaemon('curl', [
        '--silent',
        '--verbose',
        ...me,
        ...part,
        ...slowly,
        fixture.url + where,
      ]);
      await sending.line(/^< HTTP\/1\.1 100 /);
      return async () => (await sending.line(/^< location: (\S+)/i))[1] ?? '';
    }

    it('count within an upload that has begun', async () => {
      const topicHandlers = await sessionOf('alice');
      const { layout, layer } = fixture.image;
      const file = join(layout, 'blobs/sha256', layer.slice(7));
      const whole = await readFile(file);
      const [first, second] = [join(topicHandlers.fresh, 'first'), join(topicHandlers.fresh, 'second')];
      await writeFile(first, whole.subarray(0, 600_000));
      await writeFile(second, whole.subarray(600_000));

      const begun = await openUpload(topicHandlers, 'team/session');
      // Slow enough that the rules change below it: what was allowed when it began is not cut.
      const sent = await sendSlowly(topicHandlers, begun, first);
      await fixture.setRules(RULES_WITHOUT_DEV);
      await endsAs(() => curl(topicHandlers, '/v2/team/app/tags/list'), 'denied');
      const where = await sent();
      expect(where).toContain('/v2/team/session/blobs/uploads/');
      const finish = `${where}${where.includes('?') ? '&' : '?'}digest=${layer}`;
      const put = ['--request', 'PUT', '--data-binary', `@${second}`, ...OCTETS];
      expect(await statusOf(topicHandlers, where, '--request', 'PATCH', '--data-binary', `@${second}`)).toBe(
        '403',
      );
      expect(await statusOf(topicHandlers, finish, ...put)).toBe('403');
      expect(await statusOf(topicHandlers, where)).toBe('403');
      expect(await statusOf(topicHandlers, where, '--request', 'DELETE')).toBe('403');

      await fixture.setRules(RULES);
      await endsAs(() => curl(topicHandlers, '/v2/team/app/tags/list'), 'done');
      expect(await statusOf(topicHandlers, where)).toBe('204');
      expect(await statusOf(topicHandlers, finish, ...put)).toBe('201');
      expect(await statusOf(topicHandlers, `/v2/team/session/blobs/${layer}`)).toBe('200');
    });

    it('count for those who hold an access token', async () => {
      const topicHandlers = await sessionOf('alice');
      const token = await accessToken(topicHandlers);
      const ask = (): Promise<Ran> => curl(bearer(topicHandlers), '/v2/team/app/tags/list', ...token);
      expect(verdictOf(await ask())).toBe('done');
      await fixture.setRules(RULES_WITHOUT_DEV);
      await endsAs(ask, 'denied');
      expect(verdictOf(await SKOPEO.push(topicHandlers, 'team/late:1'))).toBe('denied');
      expect(await isThere(fixture, 'team/late:1')).toBe(false);
      await fixture.setRules(RULES);
      await endsAs(ask, 'done');
    });

    it('end with a token, for its next request and for the access tokens that came from it', async () => {
      const who: Credential = { user: 'brief', password: '' };
      const scope = ['--repository', 'team/**', '--allow', 'pull,push'];
      const password = (await fixture.tokens('create', who.user, ...scope)).trim();
      const topicHandlers = await openClientSession(fixture, { ...who, password });
      await endsAs(() => curl(topicHandlers, '/v2/'), 'done');
      const token = await accessToken(topicHandlers);
      const ask = (): Promise<Ran> => curl(bearer(topicHandlers), '/v2/team/app/tags/list', ...token);
      const upload = await openUpload(topicHandlers, 'team/brief');
      expect(verdictOf(await ask())).toBe('done');
      expect(verdictOf(await SKOPEO.push(topicHandlers, 'team/brief:1'))).toBe('done');

      await fixture.tokens('revoke', await tokenId(fixture.tokens, who.user));
      await endsAs(() => curl(topicHandlers, '/v2/'), 'sign in');
      expect(verdictOf(await ask())).toBe('sign in');
      expect(verdictOf(await SKOPEO.push(topicHandlers, 'team/brief:2'))).toBe('sign in');
      expect(await isThere(fixture, 'team/brief:2')).toBe(false);
      expect(await statusOf(topicHandlers, upload, '--request', 'PATCH', '--data-binary', 'x')).toBe('401');
    });

    it('end with a password that was changed', async () => {
      const topicHandlers = await sessionOf('sam');
      const token = await accessToken(topicHandlers);
      const ask = (): Promise<Ran> => curl(bearer(topicHandlers), '/v2/secret/plan/tags/list', ...token);
      expect(verdictOf(await ask())).toBe('done');
      await fixture.changePassword('sam', 'another one');
      await endsAs(() => curl(topicHandlers, '/v2/'), 'sign in');
      expect(verdictOf(await ask())).toBe('sign in');
      await fixture.changePassword('sam', topicHandlers.who?.password ?? '');
      await endsAs(() => curl(topicHandlers, '/v2/'), 'done');
    });

    // The description of the image is uploaded either way.
    it.each([
      {
        what: 'mounts a layer from where one may read',
        pusher: 'sam',
        place: 'secret',
        ways: ['mount 201', 'upload 202'],
      },
      {
        what: 'uploads a layer from where one may not',
        pusher: 'alice',
        place: 'team',
        ways: ['upload 202'],
      },
    ] as const)('skopeo $what', async ({ pusher, place, ways }) => {
      const [from, to] = [await sessionOf('sam'), await sessionOf(pusher)];
      const target = `${place}/copied`;
      const trust = ['--src-cert-dir', fixture.trustFolder, '--dest-cert-dir', fixture.trustFolder];
      const files = [
        ['--src-authfile', join(from.folder, 'config.json')],
        ['--dest-authfile', join(to.folder, 'config.json')],
      ].flat();
      const images = [`docker://${there(from, 'secret/plan:1')}`, `docker://${there(to, `${target}:1`)}`];
      // It offers what it remembers: a blob that it has pulled from there before.
      expect(verdictOf(await SKOPEO.pull(from, 'secret/plan:1'))).toBe('done');
      expect(await run('skopeo', ['copy', ...trust, ...files, ...images])).toMatchObject({ status: 0 });
      expect(await isThere(fixture, `${target}:1`)).toBe(true);
      expect(await waysOf(fixture, target, ways)).toEqual(ways);
    });
  });
});

/** An access token for team/app and secret/plan, as an argument of curl. */
async function accessToken(topicHandlers: ClientSession): Promise<readonly string[]> {
  const scope = 'scope=repository:team/app:pull&scope=repository:secret/plan:pull';
  const { token }: { token: string } = JSON.parse(
    (await curl(topicHandlers, `/token?service=registry-gate&${scope}`)).stdout,
  );
  return ['--header', `Authorization: Bearer ${token}`];
}

/** The same client, with nothing but a token. */
const bearer = (topicHandlers: ClientSession): ClientSession => ({ ...topicHandlers, who: undefined });
