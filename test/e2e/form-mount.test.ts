import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeUsers } from '../security/rights-fixture.ts';
import { ODD_BYTES } from '../security/cases/odd-bytes.ts';
import { sendRaw, type RawAnswer } from '../support/raw-client.ts';
import { startRegistry, type Registry } from '../support/registry.ts';
import { describeWith } from '../support/requires.ts';
import { TEST_PASSWORD, basic, startTestGate, type TestGate } from '../support/test-gate.ts';

const SECRET = 'a layer that bob may not read';
const DIGEST = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`;
const FORM = 'application/x-www-form-urlencoded';
const OCTETS = 'application/octet-stream';
const BODY = `mount=${encodeURIComponent(DIGEST)}&from=secret%2Fa`;
const PART = `--x\r\nContent-Disposition: form-data; name="mount"\r\n\r\n${DIGEST}\r\n--x\r\nContent-Disposition: form-data; name="from"\r\n\r\nsecret/a\r\n--x--\r\n`;

/** Types that Go takes for a form, after it has trimmed and lower-cased them in Unicode. */
const TYPES = [
  FORM,
  'appl\xc4\xb0cation/x-www-form-urlencoded',
  ...Object.values(ODD_BYTES).flatMap((bytes) => [`${bytes}${FORM}`, `${FORM}${bytes}`]),
];

describeWith(['docker-registry'], 'M-B1: a registry written in Go', () => {
  const folder = join(tmpdir(), `gate-form-${randomBytes(6).toString('hex')}`);
  let registry: Registry;
  let gate: TestGate;

  beforeAll(async () => {
    await mkdir(folder);
    const rules = [
      'rules:',
      '  - { who: admin, repositories: ["secret/**"], allow: [pull, push] }',
      '  - { who: bob, repositories: ["bob/**"], allow: [pull, push] }',
    ];
    await writeFile(join(folder, 'access.yml'), `${rules.join('\n')}\n`);
    await writeUsers(folder, ['admin', 'bob']);
    registry = await startRegistry();
    const config = { users: join(folder, 'htpasswd'), access: join(folder, 'access.yml') };
    gate = await startTestGate({ backend: registry.url, config });
    const opened = await post('admin', '/v2/secret/a/blobs/uploads/', { type: '', body: '' });
    const location = `${opened.header('location')}&digest=${DIGEST}`;
    const put = await send('admin', `PUT ${location}`, { type: OCTETS, body: SECRET });
    if (put.status !== 201) throw new Error(`the secret layer: ${put.status}`);
  });
  afterAll(async () => {
    await gate?.close();
    await registry?.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Body {
    readonly type: string;
    readonly body: string;
  }

  async function send(user: string, line: string, { type, body }: Body): Promise<RawAnswer> {
    const { answers } = await sendRaw({
      port: gate.port,
      ca: gate.ca,
      answers: 1,
      methods: [line.slice(0, line.indexOf(' '))],
      bytes: [
        `${line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic(user, TEST_PASSWORD)}\r\n`,
        `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ].join(''),
    });
    const [answer] = answers;
    if (answer === undefined) throw new Error('no answer');
    return answer;
  }

  const post = (user: string, target: string, body: Body): Promise<RawAnswer> =>
    send(user, `POST ${target}`, body);

  it.each([
    ...TYPES.map((type) => ({ type, body: BODY })),
    { type: 'multipart/form-data; boundary=x', body: PART },
    { type: 'multipart/form-data; boundary=x\x85', body: PART },
    { type: 'mult\xc4\xb0part/form-data; boundary=x', body: PART },
  ])('finds no mount in a body of type $type, and begins an upload', async (body) => {
    const answer = await post('bob', '/v2/bob/a/blobs/uploads/', body);
    expect(answer.status).toBe(202);
    const look = await send('bob', `HEAD /v2/bob/a/blobs/${DIGEST}`, { type: '', body: '' });
    expect(look.status).toBe(404);
  });

  it('still mounts what may be read', async () => {
    const target = `/v2/secret/b/blobs/uploads/?mount=${DIGEST}&from=secret/a`;
    expect((await post('admin', target, { type: '', body: '' })).status).toBe(201);
  });
});
