import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  entriesOf,
  parseHtpasswd,
  renderHtpasswd,
  withUser,
  withoutUser,
} from '../../../src/auth/users/htpasswd-file.ts';
import type { HtpasswdDocument } from '../../../src/auth/users/htpasswd-file.ts';
import type { StoredHash } from '../../../src/auth/passwords/password-hash.ts';

const SHA = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';
const APR1 = '$apr1$s$Hgc9MoaWe1Ieu1lEjENW6.';
const TAIL = 'abcdefghijklmnopqrstuuJYTsHWEuPGpBDUYhZ6pA3UaBcDeFgHi';
const BCRYPT: StoredHash = { scheme: 'bcrypt', text: `$2y$10$${TAIL}`, cost: 10, slow: true };

function parsed(text: string | Buffer): HtpasswdDocument {
  const result = parseHtpasswd(Buffer.from(text));
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.document;
}

function namesIn(text: string): string[] {
  return entriesOf(parsed(text)).map((entry) => entry.name);
}

function problemsIn(text: string | Buffer): string[] {
  const result = parseHtpasswd(Buffer.from(text));
  return result.ok ? [] : result.problems.map(({ line, reason }) => `${line}: ${reason}`);
}

const GOOD: readonly (readonly [name: string, text: string, users: readonly string[]])[] = [
  ['nothing', '', []],
  ['one user', `a:${SHA}\n`, ['a']],
  ['no newline at the end', `a:${SHA}\nb:${SHA}`, ['a', 'b']],
  ['comments and blank lines', `# team\n\n   \n\t# more\na:${SHA}\n#b:plain\n`, ['a']],
  ['CRLF', `a:${SHA}\r\n\r\nb:${SHA}\r\n`, ['a', 'b']],
  ['mixed line ends', `a:${SHA}\r\nb:${SHA}\nc:${SHA}`, ['a', 'b', 'c']],
  ['a byte order mark', `\uFEFFa:${SHA}\n`, ['a']],
  ['a remark behind the hash', `a:${SHA}:Alice, since 2019: admin\n`, ['a']],
  [
    'names that objects have',
    `__proto__:${SHA}\nconstructor:${SHA}\ntoString:${SHA}\n`,
    ['__proto__', 'constructor', 'toString'],
  ],
  [
    'names with spaces, #, $, @ and letters of the world',
    `a b:${SHA}\nx#y:${SHA}\n$z@w:${SHA}\nJürgen 민:${SHA}\n`,
    ['a b', 'x#y', '$z@w', 'Jürgen 민'],
  ],
  ['spaces at the end of a line', `a:${SHA} \nb:${SHA}\t \t\r\nc:${SHA}:remark \n`, ['a', 'b', 'c']],
  ['a line twice', `a:${SHA}\nb:${SHA}\na:${SHA}\na:${SHA} \n`, ['a', 'b']],
  ['a user twice, once with a remark', `a:${SHA}\na:${SHA}:remark\n`, ['a']],
  ['names that differ in case alone', `a:${SHA}\nA:${SHA}\n`, ['a', 'A']],
];

const BAD: readonly (readonly [name: string, text: string | Buffer, problems: readonly string[]])[] = [
  ['no colon', 'alice\n', ['1: no colon']],
  ['an empty name', `:${SHA}\n`, ['1: the user name is empty']],
  ['no hash', 'a:\n', ['1: user "a": no hash']],
  ['a plain password', 'a:secret pass\n', ['1: user "a": a plain password']],
  ['a marked plain password', 'a:{PLAIN}secret\n', ['1: user "a": a plain password']],
  ['DES', 'a:rqXexS6ZhobKA\n', ['1: user "a": a DES hash']],
  ['$2x$', `a:$2x$10$${TAIL}\n`, ['1: user "a": $2x$']],
  ['$ doubled for compose', `a:$$2y$$10$$${TAIL}\n`, ['1: user "a": a malformed hash: each $ is doubled']],
  [
    '$ eaten from bcrypt by a shell',
    'a:y0./TsHWEuPGpBDUYhZ6pA3UaBcDeFgHi\n',
    ['1: user "a": a malformed hash: it looks as if compose'],
  ],
  [
    '$ eaten from apr1',
    'a:/EuPGpBDUYhZ6pA3UaBcDe\n',
    ['1: user "a": a malformed hash: it looks as if compose'],
  ],
  ['a hash cut off', 'a:$apr1$salt\n', ['1: user "a": a malformed hash: cut off']],
  [
    'an unknown scheme',
    'a:$argon2id$v=19$m=65536\nb:{CRYPT}x\n',
    ['1: user "a": a kind of hash', '2: user "b": a kind of hash'],
  ],
  ['a cost that would stop the server', `a:$2y$17$${TAIL}\n`, ['1: user "a": bcrypt cost 17']],
  ['spaces before the hash', `a: ${SHA}\n`, ['1: user "a": spaces around the hash']],
  ['spaces before a remark', `a:${SHA} :remark\n`, ['1: user "a": spaces around the hash']],
  ['spaces before the name', ` a:${SHA}\n`, ['1: the user name begins or ends with a space']],
  ['a name twice', `a:${SHA}\nb:${SHA}\na:${APR1}\n`, ['3: user "a" stands on line 1 already']],
  [
    'a name twice beside a byte order mark',
    `\uFEFFa:${SHA}\na:${APR1}\n`,
    ['2: user "a" stands on line 1 already'],
  ],
  ['NUL', `a:${SHA}\nb\0:${SHA}\n`, ['2: a NUL byte']],
  ['a file of NULs', Buffer.alloc(10), ['1: a NUL byte']],
  ['a lone CR, which hides a line', `# old\ra:${SHA}\n`, ['1: a control character']],
  ['an escape sequence in a name', `\u001b[31ma:${SHA}\n`, ['1: a control character']],
  ['latin1', Buffer.concat([Buffer.from([0x61, 0xe4]), Buffer.from(`:${SHA}\n`)]), ['1: not UTF-8']],
  ['a name that is too long', `${'n'.repeat(256)}:${SHA}\n`, ['1: the user name is longer than 255 bytes']],
  ['a line of a megabyte', `a:${'x'.repeat(1_000_000)}\n`, ['1: user "a": a plain password']],
  [
    'every problem at once',
    `a:x\nok:${SHA}\nnope\n\nok:${APR1}\n`,
    ['1: user "a"', '3: no colon', '5: user "ok" stands on line 2'],
  ],
];

describe('parseHtpasswd', () => {
  it.each(GOOD)('accepts %s, and gives the same bytes back', (_name, text, users) => {
    expect(namesIn(text)).toEqual(users);
    expect(renderHtpasswd(parsed(text)).toString()).toBe(text);
  });

  it.each(BAD)('refuses %s', (_name, text, expected) => {
    const problems = problemsIn(text);
    expect(problems).toHaveLength(expected.length);
    for (const [at, problem] of expected.entries()) expect(problems[at]).toContain(problem);
  });

  it('says which lines should be looked at, and nothing of a hash', () => {
    const result = parseHtpasswd(Buffer.from(`a:${SHA}\nb:${SHA} \na:${SHA} \n`));
    expect(result.ok && result.notes).toEqual([
      {
        line: 2,
        reason: 'user "b": spaces behind the hash, which nginx takes for a part of it: delete them',
      },
      {
        line: 3,
        reason: 'user "a": spaces behind the hash, which nginx takes for a part of it: delete them',
      },
      { line: 3, reason: 'user "a" stands on line 1 already, with the same hash: delete one of the two' },
    ]);
    expect(JSON.stringify(result.ok && result.notes)).not.toContain(SHA.slice(5, 15));
  });

  it('leaves no second line with the old hash behind a change, and none behind a removal', () => {
    const document = parsed(`a:${SHA}\nb:${SHA} \na:${SHA}\n`);
    expect(renderHtpasswd(withUser(document, 'a', BCRYPT)).toString()).toBe(`a:${BCRYPT.text}\nb:${SHA} \n`);
    expect(renderHtpasswd(withUser(document, 'b', BCRYPT)).toString()).toBe(
      `a:${SHA}\nb:${BCRYPT.text}\na:${SHA}\n`,
    );
    expect(renderHtpasswd(withoutUser(document, 'a')).toString()).toBe(`b:${SHA} \n`);
  });

  it('repeats nothing of a line that may be a secret', () => {
    const result = parseHtpasswd(
      Buffer.from('a:hunter2\nhunter2\nb:$2y$hunter2\nc:{PLAIN}hunter2\nd:hunter2:remark\n'),
    );
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });

  it('says what to type for a line that has to go', () => {
    const result = parseHtpasswd(Buffer.from("a:plain\no'neill smith:plain\n"));
    expect(result).toMatchObject({
      problems: [
        { cure: 'delete the line, then: registry-gate users add a' },
        { cure: String.raw`delete the line, then: registry-gate users add 'o'\''neill smith'` },
      ],
    });
  });

  it('reads a hundred thousand users', () => {
    const text = Array.from({ length: 100_000 }, (_, at) => `user${at}:${SHA}\n`).join('');
    expect(entriesOf(parsed(text))).toHaveLength(100_000);
  });

  it('reads whatever bytes there are without throwing, and gives back what it accepts', () => {
    let accepted = 0;
    const pieces = fc.constantFrom(
      'a',
      'b:',
      ':',
      '#',
      '\n',
      '\r\n',
      '\r',
      ' ',
      '\0',
      SHA,
      APR1,
      '\uFEFF',
      'é',
      '$',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        const bytes = Buffer.from(parts.join(''));
        const result = parseHtpasswd(bytes);
        if (!result.ok) return;
        accepted += 1;
        expect(renderHtpasswd(result.document)).toEqual(bytes);
      }),
      { seed: 1, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

const EDITED = `\uFEFF# team\r\na:${SHA}\r\n\r\nb:${APR1}:Bob\r\n# end`;

describe('withUser and withoutUser', () => {
  it('changes one hash and nothing else, remark included', () => {
    const changed = renderHtpasswd(withUser(parsed(EDITED), 'b', BCRYPT)).toString();
    expect(changed).toBe(EDITED.replace(APR1, BCRYPT.text));
  });

  it('adds a line at the end, in the line ends of the file', () => {
    const changed = renderHtpasswd(withUser(parsed(EDITED), 'c', BCRYPT)).toString();
    expect(changed).toBe(`${EDITED}\r\nc:${BCRYPT.text}\r\n`);
  });

  it('starts an empty file', () => {
    expect(renderHtpasswd(withUser(parsed(''), 'c', BCRYPT)).toString()).toBe(`c:${BCRYPT.text}\n`);
  });

  it('removes one line and nothing else', () => {
    expect(renderHtpasswd(withoutUser(parsed(EDITED), 'a')).toString()).toBe(
      EDITED.replace(`a:${SHA}\r\n`, ''),
    );
  });

  it('leaves a document that it is asked to remove a stranger from', () => {
    expect(renderHtpasswd(withoutUser(parsed(EDITED), 'team')).toString()).toBe(EDITED);
  });

  it.each(['', 'a:b', '#a', ' a', 'a\n'])('never writes %j as a name', (name) => {
    expect(() => withUser(parsed(''), name, BCRYPT)).toThrow(RangeError);
  });

  it('reads what it wrote', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(name, (text) => {
        fc.pre(
          !/[\p{Cc}:]/u.test(text) && text.trim() === text && !text.startsWith('#') && text.isWellFormed(),
        );
        const again = parsed(renderHtpasswd(withUser(parsed(EDITED), text, BCRYPT)));
        expect(entriesOf(again).find((entry) => entry.name === text)?.hash).toEqual(BCRYPT);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
