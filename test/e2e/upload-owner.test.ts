import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FIXTURE_RULE, as, writeUsers } from '../security/rights-fixture.ts';
import { sendRaw, type RawAnswer } from '../support/raw-client.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const LAYER = 'a layer of bob';
const DIGEST = `sha256:${createHash('sha256').update(LAYER).digest('hex')}`;
const UPLOADS = '/v2/team/app/blobs/uploads/';
/** Both may push there: what keeps them apart is who began. */
const RULES = `rules:
  - ${FIXTURE_RULE}
  - { who: [bob, carol], repositories: 'team/**', allow: [pull, push] }
`;

for (const kind of ['docker-registry', 'embedded'] as const) {
  describeWith(kind === 'embedded' ? [] : [kind], `M-B10s: an upload session (${kind})`, () => {
    const folder = join(tmpdir(), `gate-owner-${randomBytes(6).toString('hex')}`);
    let registry: Registry | undefined;
    let gate: TestGate;

    const start = async (): Promise<TestGate> => {
      const directory = join(folder, 'data');
      const backend = registry?.url ?? `embedded:${directory}`;
      const config = { users: join(folder, 'htpasswd'), access: join(folder, 'access.yml') };
      return startTestGate({ backend, config });
    };

    beforeAll(async () => {
      await mkdir(folder);
      await writeFile(join(folder, 'access.yml'), RULES);
      await writeUsers(folder, ['bob', 'carol']);
      if (kind !== 'embedded') registry = await startRegistry();
      gate = await start();
    });
    afterAll(async () => {
      await gate?.close();
      await registry?.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function send(user: string, line: string, body = '', to: TestGate = gate): Promise<RawAnswer> {
      const { answers } = await sendRaw({
        port: to.port,
        ca: to.ca,
        answers: 1,
        methods: [line.slice(0, line.indexOf(' '))],
        bytes: `${line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${as(user)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      });
      const [answer] = answers;
      if (answer === undefined) throw new Error('no answer');
      return answer;
    }

    const begin = async (): Promise<string> => {
      const answer = await send('bob', `POST ${UPLOADS}`);
      const location = answer.header('location') ?? '';
      expect(location).toContain(`${UPLOADS}${answer.header('docker-upload-uuid')}`);
      return location;
    };
    const ending = (location: string): string =>
      `${location}${location.includes('?') ? '&' : '?'}digest=${DIGEST}`;

    it('goes on for who began it alone', async () => {
      let location = await begin();
      for (const line of [`GET ${location}`, `HEAD ${location}`, `DELETE ${location}`])
        expect([line, (await send('carol', line)).status]).toEqual([line, expect.toBeOneOf([400, 404])]);
      for (const line of [`PATCH ${location}`, `PUT ${ending(location)}`])
        expect([line, (await send('carol', line, LAYER)).status]).toEqual([
          line,
          expect.toBeOneOf([400, 404]),
        ]);
      const patched = await send('bob', `PATCH ${location}`, LAYER);
      expect([patched.status, patched.header('range')]).toEqual([202, `0-${LAYER.length - 1}`]);
      location = patched.header('location') ?? '';
      expect((await send('bob', `GET ${location}`)).status).toBe(204);
      expect((await send('bob', `PUT ${ending(location)}`)).status).toBe(201);
    });

    it('goes on at another gate with the same certs directory, and after a restart', async () => {
      const location = await begin();
      const other = await start();
      try {
        expect((await send('carol', `GET ${location}`, '', other)).status).toBeGreaterThanOrEqual(400);
        const patched = await send('bob', `PATCH ${location}`, LAYER, other);
        expect(patched.status).toBe(202);
        expect((await send('bob', `PUT ${ending(patched.header('location') ?? '')}`)).status).toBe(201);
      } finally {
        await other.close();
      }
    });

    it('stands in the log by a hash', async () => {
      const location = await begin();
      const [, id = ''] = /uploads\/([^?]+)/.exec(location) ?? [];
      expect((await send('bob', `DELETE ${location}`)).status).toBe(204);
      expect(gate.log.join('\n')).not.toContain(id);
      expect(gate.log.join('\n')).toMatch(/"path":"\/v2\/team\/app\/blobs\/uploads\/~[0-9a-f]{12}"/);
    });
  });
}
