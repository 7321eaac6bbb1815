import { describe, expect, it } from 'vitest';
import { shaCrypt } from '../../../src/auth/passwords/sha-crypt.ts';
import { must } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';

/** Passwords and what crypt(3) makes of them: the vectors of the specification, and the lengths that are easy to get wrong. */
const VECTORS: readonly (readonly [password: string, stored: string])[] = [
  ['Hello world!', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  ['Hello world!', '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA'],
  ['This is just a test', '$5$rounds=5000$toolongsaltstrin$Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5'],
  [
    'a very much longer text to encrypt.  This one even stretches over morethan one line.',
    '$5$rounds=1400$anotherlongsalts$Rx.j8H.h8HjEDGomFU8bDkXm3XIUnzyxf12oP84Bnq1',
  ],
  [
    'we have a short salt string but not a short password',
    '$5$rounds=77777$short$JiO1O3ZpDAxGJeaDIuqCoEFysAe1mZNJRs3pw0KQRd/',
  ],
  ['a short string', '$5$rounds=123456$asaltof16chars..$gP3VQ/6X7UUEW3HkBn2w1/Ptq2jxPyzV/cZKmF/wJvD'],
  [
    'Hello world!',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    'a short string',
    '$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1',
  ],
  ['a'.repeat(32), '$5$saltstring$rjMPH2qyAsLvASQeJUKQQdHLfa3DC3Q9NLllO3sQ6m2'],
  [
    'a'.repeat(64),
    '$6$saltstring$xNfEGWEsbTgq/Y30XyIRNcZdD2drPqzAwh6fXDj7D6WVE0OazIpLhya3Bird/wrtzcCJhM8Es.wueUOoZXbEi/',
  ],
  ['a'.repeat(64), '$5$rounds=1000$$BBDmID3dsEAyJ1uBXo7unUs7rU5.KT7DZluOrXjLTf9'],
  ['pässwörd', '$6$$yMPkfzGcFCffodHeXboZ4HGPGQiYmdKy1.x85l1lf44q/wjyBJ6/pGh7oocpx9.A0iIaD6/1nWIik8lDzE97s0'],
];

describe('sha-crypt', () => {
  it.each(VECTORS)('%s -> %s', (password, stored) => {
    const parts = stored.split('$');
    const [salt = '', digest] = parts.slice(-2);
    const rounds = Number(/rounds=(\d+)/.exec(stored)?.[1] ?? 5000);
    const kind = parts[1] === '5' ? '5' : '6';
    expect(shaCrypt(Buffer.from(password), { kind, rounds, salt: Buffer.from(salt) })).toBe(digest);
  });
});

describeWith(['openssl'], 'sha-crypt beside openssl', () => {
  it.each(['5', '6'] as const)('$%s$: the same for the lengths around every block', async (kind) => {
    const lengths = [16, 32, 48, 64, 96, 128, 192].flatMap((block) => [block - 1, block, block + 1]);
    const passwords = ['a', 'é', '☃', ...lengths.map((length) => 'aZ9&-'.repeat(40).slice(0, length))];
    const input = `${passwords.join('\n')}\n`;
    const theirs = await must('openssl', ['passwd', `-${kind}`, '-salt', 'Salt.1/x', '-stdin'], { input });
    const salt = Buffer.from('Salt.1/x');
    const ours = passwords.map((password) => shaCrypt(Buffer.from(password), { kind, rounds: 5000, salt }));
    expect(ours.map((digest) => `$${kind}$Salt.1/x$${digest}`)).toEqual(theirs.split('\n'));
  });
});
