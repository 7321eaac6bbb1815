import { copyFile, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { namesNotPermitted } from '../../../src/pki/authority/authority.ts';
import { renewCertificate } from '../../../src/pki/authority/renewal.ts';
import { describeConstraints } from '../../../src/pki/x509/name-constraints.ts';
import { describeWith } from '../../support/requires.ts';
import { HOSTS, followTheBook, later, makeDirectory, readCertificate, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const now = new Date();
const FILES = ['ca.crt', 'ca.key', 'domain.crt', 'domain.key'] as const;

function contents(directory: string): Promise<Buffer[]> {
  return Promise.all(FILES.map(async (file) => readFile(join(directory, file))));
}

describe('initCertificates', () => {
  it('makes four files, keys for the owner alone, and leaves nothing else', async () => {
    const directory = join(await folder(), 'a', 'b');
    const outcome = await initCertificates({ directory, hosts: HOSTS, now });
    expect(outcome).toEqual({ authority: 'made', certificate: 'made', names: HOSTS, dropped: [] });
    const found = await readdir(directory);
    const modes = await Promise.all(
      found.map(async (file) => [file, (await stat(join(directory, file))).mode & 0o777]),
    );
    expect(Object.fromEntries(modes)).toEqual({
      'ca.crt': 0o644,
      'ca.key': 0o600,
      'domain.crt': 0o644,
      'domain.key': 0o600,
    });
  });

  it.each([
    { name: 'the same names', options: { hosts: HOSTS } },
    { name: 'the same names in another order', options: { hosts: HOSTS.toReversed() } },
    {
      name: 'the same names, written otherwise',
      options: { hosts: ['Registry.LAN:443', ...HOSTS.slice(1)] },
    },
    { name: 'the same type of key', options: { hosts: HOSTS, keyKind: 'ecdsa' } },
    { name: 'another wish for the CA', options: { hosts: HOSTS, authorityDays: 10, constrain: true } },
  ] as const)('changes nothing for $name', async ({ options }) => {
    const directory = await makeDirectory(await folder(), { now });
    const before = await contents(directory);
    expect(await initCertificates({ directory, now, ...options })).toMatchObject({
      authority: 'kept',
      certificate: 'kept',
    });
    expect(await contents(directory)).toEqual(before);
  });

  it.each([
    { name: 'other names', options: { hosts: ['other.lan'] } },
    { name: 'fewer names', options: { hosts: HOSTS.slice(1) } },
    { name: 'another type of key', options: { keyKind: 'rsa' } },
    { name: 'a certificate that is due', options: { now: later(now, 70) } },
    { name: 'force', options: { force: true } },
  ] as const)('makes a new certificate, and no new CA, for $name', async ({ options }) => {
    const directory = await makeDirectory(await folder(), { now });
    const before = await contents(directory);
    const outcome = await initCertificates({ directory, hosts: HOSTS, now, ...options });
    expect(outcome).toMatchObject({ authority: 'kept', certificate: 'made' });
    const after = await contents(directory);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]).not.toEqual(before[2]);
    expect(after[3]).not.toEqual(before[3]);
  });

  it('keeps the type of the key that is there', async () => {
    const directory = await makeDirectory(await folder(), { now, keyKind: 'rsa' });
    await initCertificates({ directory, hosts: ['other.lan'], now });
    expect((await readCertificate(directory, 'domain.crt')).publicKey.asymmetricKeyType).toBe('rsa');
  });

  it('makes one CA, however many ask at once', async () => {
    const directory = await folder();
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, async () => initCertificates({ directory, hosts: HOSTS, now })),
    );
    expect(outcomes.map(({ authority }) => authority).toSorted()).toEqual([
      'kept',
      'kept',
      'kept',
      'kept',
      'made',
    ]);
    expect(outcomes.map(({ certificate }) => certificate).toSorted()).toEqual([
      'kept',
      'kept',
      'kept',
      'kept',
      'made',
    ]);
  });

  const FAULTS: readonly {
    readonly name: string;
    readonly spoil: (directory: string) => Promise<unknown>;
    readonly says: RegExp;
  }[] = [
    {
      name: 'a lone ca.crt',
      spoil: (it) => rm(join(it, 'ca.key')),
      says: /ca\.crt exists, but .*ca\.key does not/,
    },
    {
      name: 'a lone ca.key',
      spoil: (it) => rm(join(it, 'ca.crt')),
      says: /ca\.key exists, but .*ca\.crt does not/,
    },
    {
      name: 'two halves of a CA',
      spoil: (it) => copyFile(join(it, 'domain.key'), join(it, 'ca.key')),
      says: /key does not belong/,
    },
    {
      name: 'a leaf for a CA',
      spoil: async (it) => {
        await copyFile(join(it, 'domain.key'), join(it, 'ca.key'));
        await copyFile(join(it, 'domain.crt'), join(it, 'ca.crt'));
      },
      says: /not that of a CA/,
    },
    {
      name: 'rubbish for a CA',
      spoil: (it) => writeFile(join(it, 'ca.crt'), 'hello'),
      says: /ca\.crt holds no certificate/,
    },
    {
      name: 'a lone domain.key',
      spoil: (it) => rm(join(it, 'domain.crt')),
      says: /domain\.key exists without its certificate/,
    },
    {
      name: 'a lone domain.crt',
      spoil: (it) => rm(join(it, 'domain.key')),
      says: /domain\.crt exists without its key/,
    },
    {
      name: 'two halves of a pair',
      spoil: (it) => copyFile(join(it, 'ca.key'), join(it, 'domain.key')),
      says: /domain\.key does not belong to/,
    },
    {
      name: 'a certificate of another CA',
      spoil: async (it) => {
        await rm(join(it, 'ca.key'));
        await rm(join(it, 'ca.crt'));
      },
      says: /domain\.crt was not signed by the CA of this directory/,
    },
  ];

  it.each(FAULTS)('touches nothing where it finds $name, and says so', async ({ spoil, says }) => {
    const directory = await makeDirectory(await folder(), { now });
    await spoil(directory);
    const before = await Promise.all(
      (await readdir(directory)).map(async (file) => [file, await readFile(join(directory, file))]),
    );
    const init = initCertificates({ directory, hosts: HOSTS, now });
    await expect(init).rejects.toMatchObject({
      code: 'CERT_INVALID',
      message: expect.stringMatching(says),
      hint: expect.stringMatching(
        /mv .*ca\.(?:key|crt) .*old && registry-gate certs init --host registry\.lan|certs init --force --host|PEM/,
      ),
    });
    const after = await Promise.all(
      (await readdir(directory)).map(async (file) => [file, await readFile(join(directory, file))]),
    );
    expect(after).toEqual(before);
  });

  it.each([
    { name: 'days 0', options: { days: 0 }, code: 'USAGE' },
    { name: 'days 398', options: { days: 398 }, code: 'USAGE' },
    { name: 'half a day', options: { days: 0.5 }, code: 'USAGE' },
    { name: 'CA days 0', options: { authorityDays: 0 }, code: 'USAGE' },
    { name: 'a bad host', options: { hosts: ['a_b'] }, code: 'HOST_INVALID' },
    { name: 'a bad constraint', options: { constrain: 'a_b' }, code: 'HOST_INVALID' },
    {
      name: 'a constraint that leaves a host out',
      options: { constrain: 'example.lan' },
      code: 'HOST_INVALID',
    },
  ])('writes nothing for $name', async ({ options, code }) => {
    const directory = await folder();
    await expect(initCertificates({ directory, hosts: HOSTS, now, ...options })).rejects.toMatchObject({
      code,
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([
    {
      constrain: true,
      hosts: ['registry.lan', '*.team.lan', '10.0.0.5', '8.8.8.8', 'fd00::1'],
      says: 'registry.lan, team.lan, 10.0.0.0/8, 8.8.8.8/32, fc00::/7',
    },
    {
      constrain: 'lan,.example.org,10.1.2.3/16',
      hosts: ['registry.lan'],
      says: 'lan, example.org, 10.1.0.0/16',
    },
    { constrain: false, hosts: ['registry.lan'], says: undefined },
    { hosts: ['registry.lan', '10.0.0.5', 'localhost'], says: 'private names and addresses' },
    {
      hosts: ['registry.example.org', 'nas', '8.8.8.8', '2001:db8::5'],
      says: 'registry.example.org, nas, 8.8.8.8/32, 2001:db8::5/128, private names and addresses',
    },
  ])('constrains a CA with $constrain for $hosts to $says', async ({ says, ...options }) => {
    const directory = await makeDirectory(await folder(), options);
    expect(describeConstraints(await readCertificate(directory, 'ca.crt'))).toBe(says);
  });

  it.each([
    { name: 'its own CA', hosts: ['registry.lan'], asked: ['nas'], outside: 'nas' },
    {
      name: 'one of a list',
      hosts: ['a.lan'],
      constrain: 'lan',
      asked: ['a.lan', '10.0.0.1'],
      outside: '10.0.0.1',
    },
  ])(
    'refuses a name that $name must not sign, and changes nothing',
    async ({ asked, outside, ...options }) => {
      const directory = await makeDirectory(await folder(), { now, ...options });
      const before = await contents(directory);
      const refused = {
        code: 'HOST_INVALID',
        message: expect.stringMatching(`must not sign ${outside}: it was made for `),
        hint: expect.stringMatching(/mv .*ca\.key .* && registry-gate certs init --host /),
      };
      await expect(initCertificates({ directory, hosts: asked, now, force: true })).rejects.toMatchObject(
        refused,
      );
      await expect(renewCertificate({ directory, hosts: asked, now })).rejects.toMatchObject(refused);
      expect(await contents(directory)).toEqual(before);
      expect(await namesNotPermitted(directory, [...asked, 'b.lan'])).toEqual([outside]);
    },
  );

  it('explains a directory that can not be made', async () => {
    const directory = await folder();
    await writeFile(join(directory, 'file'), '');
    const init = initCertificates({ directory: join(directory, 'file', 'certs'), hosts: HOSTS, now });
    await expect(init).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });

  it('takes a directory that exists with other things in it', async () => {
    const directory = await folder();
    await mkdir(join(directory, 'more'));
    await writeFile(join(directory, 'htpasswd'), 'me:x');
    await makeDirectory(directory);
    expect(await readFile(join(directory, 'htpasswd'), 'utf8')).toBe('me:x');
  });
});

describeWith(['openssl'], 'initCertificates on the directory of the book', () => {
  it('keeps it for its own name, and adds nothing but a certificate for others', async () => {
    const directory = await followTheBook(await folder());
    expect(await initCertificates({ directory, hosts: ['127.0.0.1'], now: new Date() })).toMatchObject({
      authority: 'kept',
      certificate: 'kept',
    });
    expect(
      await initCertificates({ directory, hosts: ['127.0.0.1', 'r.lan'], now: new Date() }),
    ).toMatchObject({ authority: 'kept', certificate: 'made' });
  });
});
