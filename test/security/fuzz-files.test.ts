import { createPrivateKey, sign } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readAccessFile } from '../../src/config/access/access-file.ts';
import { loadConfigWithOrigins } from '../../src/config/load.ts';
import { AppError } from '../../src/lib/errors.ts';
import { compilePolicy } from '../../src/auth/policy/compile.ts';
import { decide } from '../../src/auth/policy/decide.ts';
import { entriesOf, parseHtpasswd, renderHtpasswd } from '../../src/auth/users/htpasswd-file.ts';
import { recognizeHash, verifyHash } from '../../src/auth/passwords/password-hash.ts';
import { fileReader } from '../support/config.ts';
import { reportFigures, sized } from '../support/hostile.ts';
import { must, run, temporaryFolder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { requestOf } from '../auth/policy/support.ts';
import { ALICE, makeFolder, startIssuing } from '../auth/tokens/support.ts';

const RUNS = sized(500, 20_000);
/** The form of all options is looked at in each: the slowest of these. */
const CONFIGURATIONS = sized(200, 5000);
const PASSWORDS = sized(30, 1000);
const TOKENS = sized(500, 20_000);
const SEED = 20_261_122;

const PULL = requestOf('GET', '/v2/team/app/manifests/latest');
const settings = { numRuns: RUNS, seed: SEED };

/** Lines of a password file, of pieces that mean something there. */
const hashes = [
  '$2y$05$abcdefghijklmnopqrstuuO3Qd1Gq8nM2wB7kZ0E0B7kZ0E0B7kZ0',
  '$apr1$abcdefgh$0123456789012345678901',
  '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
  '$2y$',
  '$apr1$',
  'plain',
  '',
];
const line = fc
  .tuple(
    fc.constantFrom('alice', 'bob', '#', ' ', '', '__proto__', 'a b', 'ä', '\ufeff', '\0', '\u0085'),
    fc.constantFrom(':', '', '::'),
    fc.oneof(fc.constantFrom(...hashes), fc.string({ maxLength: 30 })),
    fc.constantFrom('', ':remark', ' ', '\t'),
    fc.constantFrom('\n', '\r\n', '\r', ''),
  )
  .map((parts) => Buffer.from(parts.join('')));
const passwordFile = fc.oneof(
  fc.array(line, { maxLength: 12 }).map((lines) => Buffer.concat(lines)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

/** YAML of an access file in which anything may stand anywhere. */
const word = fc.oneof(
  fc.constantFrom('alice', 'group:dev', 'anonymous', 'team/**', '!a', '${user}/**', 'pull', 'push', '**/*'),
  fc.constantFrom(
    '10.0.0.0/8',
    'fd00::/8',
    '__proto__',
    'constructor',
    '*x',
    '&x',
    '<<',
    '!!js/x',
    '|',
    '\t',
  ),
  fc.string({ maxLength: 12 }),
);
const value: fc.Arbitrary<unknown> = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    word,
    fc.constantFrom(null, true, 1, -1, 1e300),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 3 }),
  ),
})).tree;
const list = fc.oneof(word, fc.array(word, { maxLength: 3 }), value);
const rule = fc.record({ who: list, repositories: list, allow: list, networks: list }, { requiredKeys: [] });
const accessFile = fc.oneof(
  fc
    .record({
      groups: fc.oneof(fc.dictionary(word, list, { maxKeys: 3 }), value),
      rules: fc.oneof(fc.array(fc.oneof(rule, value), { maxLength: 4 }), value),
      expect: list,
    })
    .map((file) => JSON.stringify(file)),
  value.map((it) => JSON.stringify(it) ?? ''),
  fc
    .array(fc.oneof(word, fc.constantFrom('\n', ': ', '- ', '  ', '{', '}', '[', ']', '# ', '"')), {
      maxLength: 30,
    })
    .map((it) => it.join('')),
);

const OPTIONS = [
  'listen',
  'backend',
  'certs',
  'tls',
  'auth',
  'timeouts',
  'limits',
  'metrics',
  'log',
  'workers',
  '__proto__',
];
const configFile = fc.oneof(
  fc
    .dictionary(
      fc.constantFrom(...OPTIONS),
      fc.oneof(
        value,
        fc.dictionary(
          fc.constantFrom('realm', 'headerBytes', 'headers', 'headerSeconds', 'level', '__proto__'),
          value,
        ),
      ),
    )
    .map((file) => JSON.stringify(file)),
  accessFile,
);

/** What was tried, and what of it was taken as good. */
const tally = { files: 0, good: 0, passwords: 0, tokens: 0 };

describe('the parsers of files and tokens', { timeout: 900_000 }, () => {
  afterAll(() =>
    reportFigures('parsers of files and tokens', {
      files: tally.files,
      'taken as good': tally.good,
      tokens: tally.tokens,
    }),
  );

  it('R96: a password file is understood whole, and comes out as it went in, or is refused with its lines', () => {
    fc.assert(
      fc.property(passwordFile, (bytes) => {
        tally.files += 1;
        const parsed = parseHtpasswd(bytes);
        const count = bytes.toString('latin1').split('\n').length;
        if (!parsed.ok) {
          const bad = parsed.problems.filter(({ line, cure }) => line < 1 || line > count || cure === '');
          return parsed.problems.length > 0 && bad.length === 0;
        }
        tally.good += 1;
        const names = entriesOf(parsed.document).map(({ name }) => name);
        return (
          renderHtpasswd(parsed.document).equals(bytes) &&
          new Set(names).size === names.length &&
          names.every((name) => name !== '' && !/[:\p{Cc}]/u.test(name))
        );
      }),
      settings,
    );
    expect(tally.good).toBeGreaterThan(0);
  });

  it('R34: an access file is understood, or each of its problems is named; nothing else comes of it', () => {
    fc.assert(
      fc.property(accessFile, (text) => {
        tally.files += 1;
        const { file, problems } = readAccessFile('access.yml', text);
        const compiled = compilePolicy(file, {});
        const all = [...problems, ...compiled.problems];
        if (all.length > 0) return all.every(({ reason }) => reason !== '');
        tally.good += 1;
        // A client that is not named gets nothing, whatever the file holds.
        const mayPull = decide(compiled.policy, { kind: 'anonymous' }, PULL, undefined).allowed;
        return !mayPull || text.includes('anonymous');
      }),
      settings,
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('a configuration is loaded, or refused in words for a person', async () => {
    await fc.assert(
      fc.asyncProperty(configFile, async (text) => {
        tally.files += 1;
        const readFile = fileReader({ 'registry-gate.yml': text });
        try {
          await loadConfigWithOrigins({ flags: {}, env: {}, fileName: undefined, readFile });
          tally.good += 1;
          return true;
        } catch (error) {
          return error instanceof AppError && error.message !== '';
        }
      }),
      { numRuns: CONFIGURATIONS, seed: SEED },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('R170: of a token with anything changed nobody is made', async () => {
    const folder = await makeFolder();
    try {
      const issuing = await startIssuing(folder.path);
      const given = await issuing.tokens.issue(ALICE, [{ type: 'repository', name: 'a', actions: ['pull'] }]);
      const token = given?.token ?? '';
      expect(await issuing.reader.verify(token)).toBeDefined();
      const [head = '', claims = ''] = token.split('.');
      const file = JSON.parse(await readFile(join(folder.path, 'token-keys.json'), 'utf8'));
      const key = createPrivateKey(file.keys[0].pem);
      const encode = (it: string): string => Buffer.from(it).toString('base64url');
      const signed = (input: string): string =>
        `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
      const mutant = fc.oneof(
        fc
          .tuple(fc.nat(token.length - 1), fc.constantFrom('A', '.', '-', '=', 'é', ''))
          .map(([at, put]) => token.slice(0, at) + put + token.slice(at + 1)),
        // Signed with the right key, and still no token of ours.
        fc.json().map((it) => signed(`${head}.${encode(it)}`)),
        fc.json().map((it) => signed(`${encode(it)}.${claims}`)),
        fc.string({ maxLength: 100 }),
      );
      await fc.assert(
        fc.asyncProperty(mutant, async (text) => {
          tally.tokens += 1;
          return text === token || (await issuing.reader.verify(text)) === undefined;
        }),
        { numRuns: TOKENS, seed: SEED },
      );
    } finally {
      await folder.close();
    }
  });
});

describeWith(['htpasswd'], "R90: passwords, beside Apache's htpasswd", () => {
  /** Of these many bytes: bcrypt looks at 72. */
  const bytes = fc.oneof(fc.constantFrom(1, 8, 71, 72, 73, 80), fc.integer({ min: 1, max: 100 }));
  const character = fc.oneof(
    fc.constantFrom('a', 'B', '0', ' ', ':', '"', "'", '$', '\\', '%', '-', '#'),
    fc.constantFrom('é', 'ß', '漢', '\u{1f600}', '\u0301'),
  );
  const password = fc
    .tuple(bytes, fc.array(character, { minLength: 1, maxLength: 100 }))
    .map(([length, from]) => {
      let text = '';
      for (let at = 0; Buffer.byteLength(text) < length; at += 1) text += from[at % from.length];
      // A dash at the beginning is a flag to htpasswd.
      return text.replace(/^-/, 'x');
    });
  const user = fc.constantFrom('alice', 'bob', 'a b', 'ä', 'x'.repeat(100), 'a@b', '.*');
  const scheme = fc.constantFrom<readonly string[]>(['-B', '-C', '4'], ['-m'], ['-s'], ['-2'], ['-5']);

  it(`${PASSWORDS} of them get the same verdict`, async () => {
    const folder = await temporaryFolder('htpasswd');
    const file = join(folder.path, 'htpasswd');
    try {
      const arbitrary = fc.tuple(user, password, password, scheme, fc.boolean());
      await fc.assert(
        fc.asyncProperty(arbitrary, async ([name, right, other, flags, isRight]) => {
          const made = await must('htpasswd', ['-nb', ...flags, name, right]);
          await writeFile(file, `${made.trim()}\n`);
          const tried = isRight ? right : other;
          const { status } = await run('htpasswd', ['-vb', file, name, tried]);
          const hash = made.trim().slice(name.length + 1);
          const known = recognizeHash(hash).kind;
          tally.passwords += 1;
          expect(known).toBe('known');
          expect([tried, verifyHash(hash, tried)]).toEqual([tried, status === 0]);
        }),
        { numRuns: PASSWORDS, seed: SEED },
      );
    } finally {
      await folder.close();
    }
    reportFigures('passwords, beside htpasswd', { verdicts: tally.passwords, 'not the same': 0 });
  });
});
