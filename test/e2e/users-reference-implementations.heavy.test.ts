import { hash } from 'node:crypto';
import { request } from 'node:http';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuthenticator } from '../../src/auth/authenticator.ts';
import { createHtpasswdDirectory } from '../../src/auth/users/htpasswd-directory.ts';
import { parseBasicCredentials } from '../../src/auth/basic-credentials.ts';
import { createHashPool, type HashPool } from '../../src/auth/passwords/hash-pool.ts';
import { md5Crypt } from '../../src/auth/passwords/md5-crypt.ts';
import { createHash } from '../../src/auth/passwords/password-hash.ts';
import { shaCrypt } from '../../src/auth/passwords/sha-crypt.ts';
import { openUserStore } from '../../src/auth/users/user-store.ts';
import { must, run, startDaemon, temporaryFolder, until } from '../support/programs.ts';
import type { Daemon, Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

const htpasswd =
  (...flags: readonly string[]) =>
  async (password: string): Promise<string> =>
    (await must('htpasswd', ['-nb', ...flags, 'x', password])).slice(2).trim();
const openssl =
  (flag: string) =>
  (password: string): Promise<string> =>
    must('openssl', ['passwd', flag, '-salt', 'Salt.1/x', password]);

/** Who writes a hash of which scheme. */
const WRITERS: Readonly<Record<string, (password: string) => Promise<string>>> = {
  'bcrypt by htpasswd': htpasswd('-B', '-C', '4'),
  'bcrypt as $2a$': async (password) => (await htpasswd('-B', '-C', '4')(password)).replace('$2y$', '$2a$'),
  'bcrypt as $2b$': async (password) => (await htpasswd('-B', '-C', '4')(password)).replace('$2y$', '$2b$'),
  'apr1 by htpasswd': htpasswd('-m'),
  'apr1 by openssl': openssl('-apr1'),
  'md5 by openssl': openssl('-1'),
  'sha by htpasswd': htpasswd('-s'),
  'sha256-crypt by htpasswd': htpasswd('-2', '-r', '1000'),
  'sha512-crypt by htpasswd': htpasswd('-5', '-r', '1000'),
  'sha512-crypt by openssl': openssl('-6'),
};

const PASSWORDS: Readonly<Record<string, string>> = {
  ascii: 'correct horse',
  'one character': 'x',
  'UTF-8': 'pässwörd ☃ 비밀번호 😀',
  'UTF-8, decomposed': 'pa\u0308ssword',
  odd: `:$apr1$ "'\\%{}#`,
  '32 bytes': 'abcdefgh'.repeat(4),
  '64 bytes': 'abcdefgh'.repeat(8),
  '72 bytes': 'abcdefgh'.repeat(9),
  '73 bytes': `${'abcdefgh'.repeat(9)}i`,
  '200 bytes': 'abcdefghij'.repeat(20),
  empty: '',
};

/** What is tried against the hash of a password. */
const ATTEMPTS: Readonly<Record<string, (password: string) => string>> = {
  itself: (password) => password,
  'one more character': (password) => `${password}x`,
  'one character less': (password) => password.slice(0, -1),
  'another case': (password) => password.toUpperCase(),
  'spaces around': (password) => ` ${password} `,
  'as if it were latin1': (password) =>
    Buffer.from(password)
      .toString('latin1')
      .replaceAll(/\p{Cc}/gu, '?'),
};

interface Case {
  readonly user: string;
  readonly scheme: string;
  readonly line: string;
  readonly password: string;
  readonly attempt: string;
}

/** What of a password is in its hash, or is compared with it. */
function hashed(scheme: string, password: string): string {
  return scheme.startsWith('bcrypt') ? Buffer.from(password).subarray(0, 72).toString('latin1') : password;
}

/** Where we say no and a judge says yes, on purpose. There is no case the other way round. */
const STRICTER: Readonly<Record<string, (it: Case) => boolean>> = {
  'an empty password is none': ({ attempt }) => attempt === '',
};

let folder: Folder;
let nginx: Daemon;
let pool: HashPool;
let cases: readonly Case[];

async function makeCases(): Promise<Case[]> {
  const made: Case[] = [];
  for (const [writer, write] of Object.entries(WRITERS)) {
    for (const [kind, password] of Object.entries(PASSWORDS)) {
      if (writer === 'sha512-crypt by openssl' && password === '') continue; // which openssl can't
      const user = `${writer}, ${kind}`;
      const line = `${user}:${await write(password)}`;
      const attempts = new Set(Object.values(ATTEMPTS).map((change) => change(password)));
      made.push(...[...attempts].map((attempt) => ({ user, scheme: writer, line, password, attempt })));
    }
  }
  return made;
}

async function startNginx(directory: string): Promise<Daemon> {
  await mkdir(join(directory, 'www'));
  await writeFile(join(directory, 'www', 'index.html'), 'in');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join(' ');
  await writeFile(
    join(directory, 'nginx.conf'),
    `user root; worker_processes 1; daemon off; pid ${directory}/pid; error_log ${directory}/error.log;
     events {} http { access_log off; ${places} server { listen unix:${directory}/s; root ${directory}/www;
     auth_basic x; auth_basic_user_file ${directory}/htpasswd; } }`,
  );
  const daemon = startDaemon('nginx', [
    '-c',
    join(directory, 'nginx.conf'),
    '-e',
    join(directory, 'error.log'),
  ]);
  await until(
    () =>
      askNginx(directory, '', '').then(
        (status) => (status > 0 ? true : undefined),
        () => undefined,
      ),
    () => `nginx does not answer:\n${daemon.log.join('\n')}`,
  );
  return daemon;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function askNginx(directory: string, user: string, password: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: basic(user, password) };
    request({ socketPath: join(directory, 's'), path: '/', headers, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}

async function askOurselves(path: string, asked: readonly Case[]): Promise<boolean[]> {
  const directory = createHtpasswdDirectory({ store: await openUserStore({ path }), pool });
  const auth = createAuthenticator({ directory, now: () => performance.now() });
  const verdicts: boolean[] = [];
  for (const { user, attempt } of asked) {
    const parsed = parseBasicCredentials(basic(user, attempt));
    if (parsed.kind !== 'credentials') throw new Error(`${user} with ${attempt}: ${parsed.kind}`);
    const verdict = await auth.authenticate(parsed.credentials);
    expect(verdict.kind).not.toBe('busy');
    verdicts.push(verdict.kind === 'verified');
  }
  return verdicts;
}

/** The cases in which a judge differs from us without a reason, and the reasons that were needed. */
function compare(
  ours: readonly boolean[],
  theirs: readonly boolean[],
): { unexplained: string[]; reasons: string[] } {
  const unexplained: string[] = [];
  const reasons = new Set<string>();
  for (const [at, it] of cases.entries()) {
    if (ours[at] === theirs[at]) continue;
    const [reason] = Object.entries(STRICTER).find(([, applies]) => applies(it)) ?? [];
    if (reason === undefined || ours[at] === true)
      unexplained.push(`${it.user} <- ${it.attempt}: we say ${ours[at]}`);
    else reasons.add(reason);
  }
  return { unexplained, reasons: [...reasons].sort() };
}

/** One line each, and what the three of us make of it and its password `pw`. */
const LINES: readonly (readonly [
  name: string,
  hash: () => Promise<string>,
  expected: readonly [ours: string, htpasswd: boolean, nginx: boolean],
])[] = [
  ['what we write', async () => (await createHash('pw')).text, ['in', true, true]],
  [
    'what we write, and a remark: Apache the server and nginx skip it, htpasswd -v does not',
    async () => `${(await createHash('pw')).text}:Bob`,
    ['in', false, true],
  ],
  [
    '{SSHA}, which Apache does not know',
    async () => '{SSHA}K/qCHdTzr1rftXNEV4Ob7XsySBlzYWx0',
    ['in', false, true],
  ],
  [
    '$5$ without salt',
    async () => `$5$$${shaCrypt(Buffer.from('pw'), { kind: '5', rounds: 5000, salt: Buffer.alloc(0) })}`,
    ['in', true, true],
  ],
  ['$apr1$ without salt', async () => '$apr1$$w7neMnnY7ZMxFRIT9tS6m.', ['in', true, true]],
  ['DES, of which 8 characters count', () => htpasswd('-d')('pw'), ['refused', true, true]],
  ['plain: htpasswd on Unix does not take it', async () => 'pw', ['refused', false, false]],
  ['{PLAIN}', async () => '{PLAIN}pw', ['refused', false, true]],
  [
    'spaces behind the hash: Apache the server cuts them off, htpasswd -v and nginx compare them',
    async () => '{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM= ',
    ['in', false, false],
  ],
  ['bcrypt and spaces behind it', async () => `${(await createHash('pw')).text}  `, ['in', false, false]],
  ['spaces before the hash', async () => ' {SHA}GpHWL3ymc5liWkNopqtdSjuqYHM=', ['refused', false, false]],
  [
    'the same line twice',
    async () => '{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM=\nbob:{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM=',
    ['in', true, true],
  ],
  [
    'two lines that differ, of which nginx takes the first and htpasswd -v the last',
    async () => `{SHA}GpHWL3ymc5liWkNopqtdSjuqYHM=\nbob:${(await createHash('other')).text}`,
    ['refused', false, true],
  ],
];

/** The longest password that each judge verifies, by the scheme; `htpasswd` takes none of more than 255 bytes from anybody. */
const LONGEST: readonly (readonly [
  scheme: string,
  hash: (password: string) => Promise<string>,
  ours: number,
  nginx: number,
])[] = [
  ['bcrypt', async (password) => (await createHash(password.slice(0, 72))).text, 1024, 511],
  ['apr1', async (password) => md5Crypt(Buffer.from(password), `$apr1$Salt$${'a'.repeat(22)}`), 1024, 1100],
  ['md5', async (password) => md5Crypt(Buffer.from(password), `$1$Salt$${'a'.repeat(22)}`), 511, 511],
  ['sha', async (password) => `{SHA}${hash('sha1', password, 'base64')}`, 1024, 1100],
  [
    'ssha',
    async (password) =>
      `{SSHA}${Buffer.concat([hash('sha1', `${password}salt`, 'buffer'), Buffer.from('salt')]).toString('base64')}`,
    1024,
    1100,
  ],
  ['sha256-crypt', async (password) => `$5$rounds=1000$salt$${shaCryptOf('5', password)}`, 511, 511],
  ['sha512-crypt', async (password) => `$6$rounds=1000$salt$${shaCryptOf('6', password)}`, 511, 511],
];
const LENGTHS = [71, 72, 73, 254, 255, 256, 510, 511, 512, 513, 1023, 1024, 1025, 1100];

function shaCryptOf(kind: '5' | '6', password: string): string {
  return shaCrypt(Buffer.from(password), { kind, rounds: 1000, salt: Buffer.from('salt') });
}

describeWith(['htpasswd', 'openssl', 'nginx'], 'our verdict beside that of Apache and nginx', () => {
  let ours: readonly boolean[];

  beforeAll(async () => {
    folder = await temporaryFolder('reference');
    pool = createHashPool();
    cases = await makeCases();
    const lines = new Set(cases.map(({ line }) => line));
    await writeFile(join(folder.path, 'htpasswd'), `${[...lines].join('\n')}\n`, { mode: 0o600 });
    nginx = await startNginx(folder.path);
    ours = await askOurselves(join(folder.path, 'htpasswd'), cases);
  });

  afterAll(async () => {
    await nginx.close();
    await pool.close();
    await folder.close();
  });

  it('accepts every password that may be one, and nothing else', () => {
    const wrong = cases.filter((it, at) => {
      const isStricter = Object.values(STRICTER).some((applies) => applies(it));
      return (hashed(it.scheme, it.password) === hashed(it.scheme, it.attempt) && !isStricter) !== ours[at];
    });
    expect(wrong).toEqual([]);
  });

  it('is that of htpasswd -v, or stricter for a reason', async () => {
    const theirs: boolean[] = [];
    for (const { user, attempt } of cases) {
      const ran = await run('htpasswd', ['-vb', join(folder.path, 'htpasswd'), user, attempt]);
      theirs.push(ran.status === 0);
    }
    expect(compare(ours, theirs)).toEqual({ unexplained: [], reasons: Object.keys(STRICTER).sort() });
  });

  it('is that of nginx, or stricter for a reason', async () => {
    const theirs: boolean[] = [];
    for (const { user, attempt } of cases) theirs.push((await askNginx(folder.path, user, attempt)) === 200);
    expect(compare(ours, theirs)).toEqual({ unexplained: [], reasons: Object.keys(STRICTER).sort() });
  });

  it.each(LONGEST)('around the longest password of %s', async (scheme, hashOf, longest, nginxLongest) => {
    const path = join(folder.path, 'htpasswd');
    const words = LENGTHS.map((length) => 'abcdefgh'.repeat(140).slice(0, length));
    const lines = words.map(async (word, at) => `u${at}:${await hashOf(word)}\n`);
    await writeFile(path, (await Promise.all(lines)).join(''), { mode: 0o600 });
    const asked = words.map((attempt, at) => ({
      user: `u${at}`,
      scheme,
      line: '',
      password: attempt,
      attempt,
    }));
    const own = await askOurselves(path, asked);
    const theirs: Record<number, readonly boolean[]> = {};
    for (const [at, { user, attempt }] of asked.entries()) {
      const byNginx = (await askNginx(folder.path, user, attempt)) === 200;
      const byApache = (await run('htpasswd', ['-vb', path, user, attempt])).status === 0;
      theirs[LENGTHS[at] ?? 0] = [own[at] ?? false, byNginx, byApache];
    }
    // Apache knows no {SSHA}.
    const apache = scheme === 'ssha' ? 0 : 255;
    expect(theirs).toEqual(
      Object.fromEntries(
        LENGTHS.map((length) => [length, [length <= longest, length <= nginxLongest, length <= apache]]),
      ),
    );
  });

  it.each(LINES)('on a line by itself: %s', async (_name, write, expected) => {
    const path = join(folder.path, 'htpasswd');
    await writeFile(path, `bob:${await write()}\n`, { mode: 0o600 });
    const bob = { user: 'bob', scheme: '', line: '', password: 'pw', attempt: 'pw' };
    const verdict = await askOurselves(path, [bob]).then(
      ([isIn]) => (isIn === true ? 'in' : 'out'),
      () => 'refused',
    );
    const byApache = (await run('htpasswd', ['-vb', path, 'bob', 'pw'])).status === 0;
    const byNginx = (await askNginx(folder.path, 'bob', 'pw')) === 200;
    expect([verdict, byApache, byNginx]).toEqual(expected);
  });
});
