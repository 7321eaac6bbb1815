import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initCertificates } from '../../src/pki/authority/init-certificates.ts';
import { keyToPem } from '../../src/pki/x509/key-pair.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { ErrorCode } from '../../src/lib/errors.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { later } from '../pki/support.ts';
import { AUTHORITY, SERVER, craft, extension, keys, type CraftOptions } from '../pki/craft.ts';
import { makeKind } from '../support/image-kinds.ts';
import { writeKind } from '../support/place-kinds.ts';
import { writeImage } from '../support/images.ts';
import { recordingTerminal } from '../support/terminal.ts';
import { mustRun, openFixture, type Seen, type Fixture } from './cures-fixture.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Row {
  readonly code: ErrorCode;
  readonly name: string;
  readonly given: (fixture: Fixture) => Promise<unknown>;
  /** The command that ends in the error, and must not after the cure. */
  readonly command: string;
  /** Without it the command that the hint prints is run as it stands. */
  readonly cure?: (fixture: Fixture, seen: Seen) => Promise<unknown>;
  /** Where the cure is to type it in another way. */
  readonly again?: string;
}

const CHECK = 'registry-gate config check --users htpasswd --backend embedded:data';
const now = new Date();
const USER = 'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n';

/** A certs directory that was made then. */
const made =
  (days: number, more: { readonly authorityDays?: number } = {}) =>
  async (fixture: Fixture): Promise<void> => {
    await fixture.write('htpasswd', USER);
    await initCertificates({
      directory: 'certs',
      hosts: ['registry.lan', '10.0.0.5'],
      now: later(now, days),
      ...more,
    });
  };

const and =
  (...steps: readonly ((fixture: Fixture) => Promise<unknown>)[]) =>
  async (fixture: Fixture): Promise<void> => {
    for (const step of steps) await step(fixture);
  };

const shell = (line: string) => (): Promise<void> => mustRun(line);

/** A directory with a CA and a leaf of any make. */
const crafted =
  (authority: Partial<CraftOptions>, leaf: Partial<CraftOptions> = {}) =>
  async (fixture: Fixture): Promise<void> => {
    const root = craft({ name: 'root', extensions: AUTHORITY, ...authority });
    const server = craft({ name: 'leaf', issuer: root, extensions: SERVER, ...leaf });
    await fixture.write('htpasswd', USER);
    await fixture.write('certs/ca.crt', root.pem);
    await fixture.write('certs/ca.key', keyToPem(root.key));
    await fixture.write('certs/domain.crt', server.pem);
    await fixture.write('certs/domain.key', keyToPem(server.key));
  };

const EARLY = { from: 5, until: 90 } as const;
const LEAF_OF_ANOTHER = and(made(0), async (fixture) => {
  const other = craft({ name: 'other', extensions: AUTHORITY });
  const leaf = craft({ name: 'leaf', issuer: other, extensions: SERVER });
  await fixture.write('certs/domain.crt', leaf.pem);
  await fixture.write('certs/domain.key', keyToPem(leaf.key));
});

const CERTIFICATES: readonly Row[] = [
  {
    code: 'CERT_MISSING',
    name: 'an empty directory',
    given: (fixture) => fixture.write('htpasswd', USER),
    command: CHECK,
  },
  {
    code: 'CERT_MISSING',
    name: 'a lost certificate',
    given: and(made(0), shell('rm certs/domain.crt')),
    command: CHECK,
  },
  {
    code: 'CERT_MISSING',
    name: 'a lost key',
    given: and(made(0), shell('rm certs/domain.key')),
    command: CHECK,
  },
  {
    code: 'CERT_MISSING',
    name: 'a lost key, and no key of the CA',
    given: and(made(0), shell('rm certs/domain.key certs/ca.key')),
    command: CHECK,
  },
  {
    code: 'CERT_MISSING',
    name: 'a lost key, and no CA',
    given: and(made(0), shell('rm certs/domain.key certs/ca.key certs/ca.crt')),
    command: CHECK,
  },
  {
    code: 'CERT_MISSING',
    name: 'no CA to renew with',
    given: async () => undefined,
    command: 'registry-gate certs renew',
  },
  {
    code: 'CERT_MISSING',
    name: 'no CA, and a certificate',
    given: and(made(0), shell('rm certs/ca.key certs/ca.crt')),
    command: 'registry-gate certs renew',
  },
  { code: 'CERT_INVALID', name: 'an expired certificate', given: made(-100), command: CHECK },
  {
    code: 'CERT_INVALID',
    name: 'an expired certificate, and no key of the CA',
    given: and(made(-100), shell('rm certs/ca.key')),
    command: CHECK,
  },
  { code: 'CERT_INVALID', name: 'a certificate of the future', given: crafted({}, EARLY), command: CHECK },
  { code: 'CERT_INVALID', name: 'an expired CA', given: made(-40, { authorityDays: 30 }), command: CHECK },
  {
    code: 'CERT_INVALID',
    name: 'an expired CA, when renewing',
    given: crafted({ from: -30, until: -1 }),
    command: 'registry-gate certs renew',
  },
  {
    code: 'CERT_INVALID',
    name: 'an expired CA, when renewing by force',
    given: crafted({ from: -30, until: -1 }),
    command: 'registry-gate certs renew --force',
  },
  { code: 'CERT_INVALID', name: 'a CA of the future', given: crafted(EARLY), command: CHECK },
  {
    code: 'CERT_INVALID',
    name: 'a CA of the future, when renewing by force',
    given: crafted(EARLY),
    command: 'registry-gate certs renew --force',
  },
  {
    code: 'CERT_INVALID',
    name: 'a CA that is none, when renewing',
    given: crafted({ extensions: [extension.constraints(false)] }),
    command: 'registry-gate certs renew --force',
  },
  {
    code: 'CERT_INVALID',
    name: 'a CA without its key, when renewing',
    given: and(made(0), shell('rm certs/ca.key')),
    command: 'registry-gate certs renew --force',
  },
  {
    code: 'CERT_INVALID',
    name: 'a key without its CA, when renewing',
    given: and(made(0), shell('rm certs/ca.crt')),
    command: 'registry-gate certs renew --force',
  },
  {
    code: 'CERT_INVALID',
    name: 'two halves of a pair',
    given: and(made(0), shell('cp certs/ca.key certs/domain.key')),
    command: CHECK,
  },
  {
    code: 'CERT_INVALID',
    name: 'two halves of a pair, and no key of the CA',
    given: and(made(0), shell('mv certs/ca.key certs/domain.key')),
    command: CHECK,
  },
  {
    code: 'CERT_INVALID',
    name: 'a certificate of another CA',
    given: LEAF_OF_ANOTHER,
    command: 'registry-gate certs renew',
  },
  {
    code: 'CERT_INVALID',
    name: 'a certificate of another CA, when making one',
    given: LEAF_OF_ANOTHER,
    command: 'registry-gate certs init --host registry.lan',
  },
  {
    code: 'CERT_INVALID',
    name: 'another CA of the same name',
    given: and(
      crafted({}),
      shell('mkdir b && mv certs/domain.* b'),
      crafted({}),
      shell('mv b/domain.* certs'),
    ),
    command: CHECK,
  },
  {
    code: 'CERT_INVALID',
    name: 'an RSA key of 1024 bits',
    given: crafted({}, { key: keys.rsa(1024) }),
    command: CHECK,
  },
  {
    code: 'CERT_INVALID',
    name: 'a key with a passphrase',
    given: and(
      made(0),
      shell(
        'openssl pkcs8 -topk8 -in certs/domain.key -passout pass:hello -out e.key && mv e.key certs/domain.key',
      ),
    ),
    command: CHECK,
    cure: async (_stage, { hint }) => {
      const line = /openssl pkey [^\n]+/.exec(hint)?.[0] ?? '';
      await mustRun(line.replace('openssl pkey', 'openssl pkey -passin pass:hello'));
    },
  },
];

const LOCKED = shell(
  'echo hello > secret && openssl pkcs8 -topk8 -in certs/ca.key -passout file:secret -out e && mv e certs/ca.key',
);

const AUTHORITY_KEYS: readonly Row[] = [
  {
    code: 'CERT_INVALID',
    name: 'a key of the CA with a passphrase',
    given: and(made(0), LOCKED),
    command: 'registry-gate certs renew --force',
    cure: async (_stage, { hint }) => expect(hint).toContain('--ca-passphrase-file FILE'),
    again: 'registry-gate certs renew --force --ca-passphrase-file secret',
  },
  {
    code: 'CERT_INVALID',
    name: 'the wrong passphrase',
    given: and(made(0), LOCKED, shell('echo hallo > wrong')),
    command: 'registry-gate certs renew --force --ca-passphrase-file wrong',
    cure: async (fixture, { hint }) => {
      expect(hint).toMatch(/Correct wrong: /);
      await fixture.write('wrong', 'hello\n');
    },
  },
  {
    code: 'CERT_MISSING',
    name: 'a key of the CA that is not there',
    given: and(made(0), shell('mv certs/ca.key away')),
    command: 'registry-gate certs renew --force --ca-key stick',
    cure: shell('cp away stick'),
  },
  {
    code: 'USAGE',
    name: 'a switch to a CA that was not announced',
    given: made(0),
    command: 'registry-gate certs rollover switch',
  },
  {
    code: 'USAGE',
    name: 'the end of a rollover before the switch',
    given: and(made(0), ({ type }) => type('registry-gate certs rollover start')),
    command: 'registry-gate certs rollover retire',
  },
  {
    code: 'USAGE',
    name: 'a rollover before the last one has ended',
    given: and(
      made(0),
      ({ type }) => type('registry-gate certs rollover start'),
      ({ type }) => type('registry-gate certs rollover switch'),
    ),
    command: 'registry-gate certs rollover start',
  },
  {
    code: 'USAGE',
    name: 'an issued certificate that exists',
    given: and(made(0), ({ type }) => type('registry-gate certs issue --host db.lan')),
    command: 'registry-gate certs issue --host db.lan',
    again: 'registry-gate certs renew --issued db.lan',
  },
  {
    code: 'USAGE',
    name: 'an offline CA where there is a CA',
    given: made(0),
    command: 'registry-gate certs init --host registry.lan --offline-ca away',
    cure: shell('mv certs/ca.key away'),
    again: 'registry-gate certs renew --force --ca-key away',
  },
];

/** An image layout with a manifest that names no config. */
async function invalidImage(fixture: Fixture): Promise<void> {
  const bytes = JSON.stringify({ schemaVersion: 2, layers: [] });
  const { hex, text } = digestOf('sha256', Buffer.from(bytes));
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifests = [{ mediaType, digest: text, size: bytes.length }];
  await fixture.write('image/oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  await fixture.write('image/index.json', JSON.stringify({ schemaVersion: 2, manifests }));
  await fixture.write(`image/blobs/sha256/${hex}`, bytes);
}

const OTHERS: readonly Row[] = [
  {
    code: 'CERT_INVALID',
    name: 'a CA of the registry at which Node.js would crash',
    given: and(made(0), (fixture) =>
      fixture.write(
        'registry.crt',
        craft({ name: 'k1', key: keys.ec('secp256k1'), extensions: AUTHORITY }).pem,
      ),
    ),
    command:
      'registry-gate config check --users htpasswd --backend https://127.0.0.1:1 --backend-ca registry.crt',
    cure: (_stage, { err }) => {
      expect(err).toMatch(/curve secp256k1/);
      return mustRun('cp certs/ca.crt registry.crt');
    },
  },
  {
    code: 'ACCESS_INVALID',
    name: 'an unknown key',
    given: (fixture) => fixture.write('access.yml', 'ruls: []\n'),
    command: 'registry-gate access check alice pull app --access access.yml',
    cure: (fixture, { err }) => {
      expect(err).toMatch(/ruls/);
      return fixture.write('access.yml', 'rules:\n  - who: alice\n    repositories: app\n    allow: pull\n');
    },
  },
  {
    code: 'CONFIG_INVALID',
    name: 'an unknown option',
    given: and(made(0), (fixture) => fixture.write('registry-gate.yml', 'lisen: ":8443"\n')),
    command: CHECK,
    cure: (fixture) => fixture.write('registry-gate.yml', 'listen: ":8443"\n'),
  },
  {
    code: 'FILE_UNREADABLE',
    name: 'no CA of the registry',
    given: made(0),
    command:
      'registry-gate config check --users htpasswd --backend https://127.0.0.1:1 --backend-ca registry.crt',
    cure: shell('cp certs/ca.crt registry.crt'),
  },
  {
    code: 'FILE_UNWRITABLE',
    name: 'a directory that there is not',
    given: async () => undefined,
    command: 'registry-gate tokens create ci --repository a --allow pull',
    cure: async (_stage, { hint }) => mustRun(/mkdir -p \S+/.exec(hint)?.[0] ?? 'false'),
  },
  {
    code: 'HOST_INVALID',
    name: 'an address that is none',
    given: async () => undefined,
    command: 'registry-gate certs init --host 1.2.3.256',
    again: 'registry-gate certs init --host 1.2.3.25',
    cure: async () => undefined,
  },
  {
    code: 'HOST_INVALID',
    name: 'a name that the CA must not sign',
    given: made(0),
    command: 'registry-gate certs init --host nas',
  },
  {
    code: 'HOST_INVALID',
    name: 'a name that the CA must not sign, when renewing',
    given: made(0),
    command: 'registry-gate certs renew --host nas',
  },
  {
    code: 'HTPASSWD_INVALID',
    name: 'a password in plain text',
    given: and(made(0), (fixture) => fixture.write('htpasswd', 'alice:secret\n')),
    command: CHECK,
    cure: async (fixture, { err }) => {
      expect(err).toMatch(/delete the line, then: /);
      await mustRun('sed -i 1d htpasswd');
      await fixture.follow(err);
    },
  },
  { code: 'HTPASSWD_MISSING', name: 'no users', given: and(made(0), shell('rm htpasswd')), command: CHECK },
  {
    code: 'HTPASSWD_MISSING',
    name: 'no users, and no folder for them',
    given: made(0),
    command: CHECK.replace('htpasswd', 'people/of/mine/htpasswd'),
  },
  {
    code: 'IMAGE_INVALID',
    name: 'a chart, which has no history',
    given: async () => writeKind('chart', await makeKind('helm')),
    command: 'registry-gate images history oci:chart:1',
    cure: async ({ follow }, { hint }) =>
      expect(await follow(hint)).toMatchObject({ status: 0, out: expect.stringContaining('helm') }),
    again: 'registry-gate images inspect oci:chart:1',
  },
  {
    code: 'IMAGE_UNKNOWN',
    name: 'a tag that there is not',
    given: async () => writeKind('app', await makeKind('oci')),
    command: 'registry-gate images inspect oci:app:2',
    cure: async ({ follow }, { hint }) =>
      expect(await follow(hint)).toMatchObject({ status: 0, out: expect.stringMatching(/^1\t/) }),
    again: 'registry-gate images inspect oci:app:1',
  },
  {
    code: 'IMAGE_INVALID',
    name: 'a manifest without a config',
    given: invalidImage,
    command: 'registry-gate images copy oci:image oci:copy',
    cure: async (_stage, { hint }) => {
      expect(hint).toMatch(/Push or save it again/);
      await writeImage('image', 1);
    },
  },
  {
    code: 'PASSWORD_INVALID',
    name: 'an empty password',
    given: async () => undefined,
    command: 'registry-gate users add alice --users htpasswd',
    cure: async () => undefined,
  },
  {
    code: 'STATE_INVALID',
    name: 'tokens that are damaged',
    given: and(made(0), (fixture) => fixture.write('certs/tokens.json', '{')),
    command: 'registry-gate tokens list',
    cure: async (_stage, { hint }) => mustRun(/\((mv [^)]+)\)/.exec(hint)?.[1] ?? 'false'),
  },
  {
    code: 'TOKEN_INVALID',
    name: 'a pattern that matches nothing',
    given: made(0),
    command: 'registry-gate tokens create ci --repository Team --allow pull',
    again: 'registry-gate tokens create ci --repository team --allow pull',
    cure: async () => undefined,
  },
  {
    code: 'TOKEN_LIMIT',
    name: 'a third token of one name',
    given: async (fixture) => {
      await made(0)(fixture);
      const { type } = fixture;
      for (let n = 0; n < 2; n += 1) await type('registry-gate tokens create ci --repository a --allow pull');
    },
    command: 'registry-gate tokens create ci --repository a --allow pull',
    cure: async ({ type }, { hint }) => {
      expect(hint).toMatch(/tokens revoke/);
      const { out } = await type('registry-gate tokens list');
      await type(`registry-gate tokens revoke ${/m-[0-9a-f]+/.exec(out)?.[0]}`);
    },
  },
  {
    code: 'TOKEN_UNKNOWN',
    name: 'an id that there is not',
    given: and(made(0), ({ type }) => type('registry-gate tokens create ci --repository a --allow pull')),
    command: 'registry-gate tokens revoke m-0000000000',
    cure: async ({ follow, type }, { hint }) => {
      const { out } = await follow(hint);
      expect(await type(`registry-gate tokens revoke ${/m-[0-9a-f]+/.exec(out)?.[0]}`)).toMatchObject({
        status: 0,
      });
    },
    again: 'registry-gate tokens list',
  },
  {
    code: 'USAGE',
    name: 'an option that there is not',
    given: async () => undefined,
    command: 'registry-gate certs init',
    again: 'registry-gate certs init --host registry.lan',
    cure: async () => undefined,
  },
  {
    code: 'USER_EXISTS',
    name: 'a user that there is',
    given: (fixture) => fixture.write('htpasswd', USER),
    command: 'registry-gate users add alice --users htpasswd',
    cure: async ({ follow }, { hint }) => expect(await follow(hint)).toMatchObject({ status: 0 }),
    again: 'registry-gate users list --users htpasswd',
  },
  {
    code: 'USER_INVALID',
    name: 'a name with a colon',
    given: async () => undefined,
    command: 'registry-gate users add a:b --users htpasswd',
    again: 'registry-gate users add ab --users htpasswd',
    cure: async () => undefined,
  },
  {
    code: 'USER_UNKNOWN',
    name: 'a user that there is not',
    given: (fixture) => fixture.write('htpasswd', USER),
    command: 'registry-gate users passwd bob --users htpasswd',
    cure: async ({ follow }, { hint }) =>
      expect(await follow(hint)).toMatchObject({ status: 0, out: expect.stringContaining('alice') }),
    again: 'registry-gate users passwd alice --users htpasswd',
  },
];

/** Their cures are run elsewhere, since they need another process, another machine or a mount. */
const ELSEWHERE: Readonly<Partial<Record<ErrorCode, string>>> = {
  ARCHIVE_INVALID: 'test/cli/images/archive-cures.test.ts',
  BACKEND_UNREACHABLE: 'test/cli/cures.test.ts',
  BLOB_MISSING: 'test/cli/images/archive-cures.test.ts',
  CLOCK_WRONG: 'test/lib/clock.test.ts',
  DIGEST_MISMATCH: 'test/cli/images/archive-cures.test.ts',
  FILE_BUSY: 'test/lib/files/atomic-file.test.ts',
  GATE_UNREACHABLE: 'test/auth/abuse/control.test.ts',
  GATE_UNREADY: 'test/cli/health.test.ts',
  IMAGE_FILE_UNREADABLE: 'test/cli/images/files/files.test.ts',
  IMAGE_NAME_INVALID: 'test/cli/images/registry-cures.test.ts',
  INTERRUPTED: 'test/e2e/users-prompt.test.ts',
  LISTEN_FAILED: 'test/http/listener/listen.test.ts',
  LOCK_TIMEOUT: 'test/lib/files/file-lock.test.ts',
  NODE_UNSUPPORTED: 'test/cli/node-version.test.ts',
  REGISTRY_REFUSED: 'test/cli/images/registry-cures.test.ts',
  REGISTRY_UNREACHABLE: 'test/cli/images/registry-cures.test.ts',
  SIGN_IN_FAILED: 'test/cli/images/registry-cures.test.ts',
  TRUST_FAILED: 'test/pki/trust/apply.test.ts',
};

describe('each cure, followed as it is printed, ends the error', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(() => fixture.close());

  it.each([...CERTIFICATES, ...AUTHORITY_KEYS, ...OTHERS])(
    '$code: $name',
    async ({ code, given, command, cure = asPrinted, again = command }) => {
      await given(fixture);
      const answers = code === 'PASSWORD_INVALID' ? ['', ''] : undefined;
      const seen = await fixture.type(command, answers === undefined ? {} : { answers });
      expect(seen).toMatchObject({ code });
      expect(seen.status).not.toBe(0);
      await cure(fixture, seen);
      expect(await fixture.type(again)).toMatchObject({ status: 0, code: undefined });
    },
  );

  it('BACKEND_UNREACHABLE: a registry that does not run', async () => {
    await made(0)(fixture);
    const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as AddressInfo;
    await new Promise((closed) => server.close(closed));
    const command = `registry-gate config check --connect --users htpasswd --backend http://127.0.0.1:${port}`;
    expect(await fixture.type(command)).toMatchObject({ code: 'BACKEND_UNREACHABLE', status: 1 });
    server.listen(port, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    expect(await fixture.type(command)).toMatchObject({ status: 0 });
    server.closeAllConnections();
    server.close();
  });
});

async function asPrinted({ follow }: Fixture, { hint }: Seen): Promise<void> {
  expect(await follow(hint)).toMatchObject({ status: 0 });
}

const source = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the catalog of errors', () => {
  it('has a cure for each code that is run', () => {
    const union = /export type ErrorCode =([^;]*);/.exec(source('src/lib/errors.ts'))?.[1] ?? '';
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
    const run = new Set<string>([...CERTIFICATES, ...OTHERS].map(({ code }) => code));
    expect(codes.filter((code) => !run.has(code) && !(code in ELSEWHERE))).toEqual([]);
    for (const file of Object.values(ELSEWHERE)) expect(existsSync(join(ROOT, file))).toBe(true);
  });

  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => source(join('src', path)));
  const texts = [...sources, source('docs/errors.md'), source('docs/certificates.md')].join('\n');

  it('names commands and options that exist', async () => {
    const program = await createProgram(recordingTerminal(), { code: 0 });
    const named = [
      ...texts.matchAll(
        /registry-gate ((?:up|serve|certs|users|access|tokens|abuse|audit|config|gc)\b(?:(?!\. )[^`'"\n;,)])*)/g,
      ),
    ];
    const wrong = named.map(([, words = '']) => words.split(' ')).filter((words) => !isKnown(program, words));
    expect(named.length).toBeGreaterThan(60);
    expect(wrong.map((words) => words.join(' '))).toEqual([]);
  });
});

/** A group alone, or a command whose options it has. */
function isKnown(program: Command, [group = '', ...rest]: readonly string[]): boolean {
  const first = program.commands.find((command) => command.name() === group.replace(/\W+$/, ''));
  const second = first?.commands.find((command) => command.name() === (rest[0] ?? '').replace(/\W+$/, ''));
  const command = second ?? first;
  const options = rest.filter((word) => /^--[a-z-]+/.test(word)).map((word) => /^--[a-z-]+/.exec(word)?.[0]);
  return (
    command !== undefined &&
    options.every((option) => option === '--help' || command.options.some(({ long }) => long === option))
  );
}
