import { createPrivateKey } from 'node:crypto';
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeLeaf } from '../../../src/pki/authority/issue.ts';
import { issueCertificate } from '../../../src/pki/authority/issued.ts';
import { readAuthority } from '../../../src/pki/authority/authority.ts';
import { parseSubjectNames } from '../../../src/pki/x509/subject-names.ts';
import { serialNumber } from '../../../src/pki/authority/validity.ts';
import { keyToPem } from '../../../src/pki/x509/key-pair.ts';
import { run } from '../../../src/cli/program.ts';
import { CLIENT_CASES } from '../../pki/client-cases.ts';
import { AUTHORITY, SERVER, craft, extension } from '../../pki/craft.ts';
import { later, makeDirectory, readCertificate, temporaryFolders } from '../../pki/support.ts';
import { recordingTerminal } from '../../support/terminal.ts';

const folder = temporaryFolders();

interface Done {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function gate(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Done> {
  const terminal = recordingTerminal({ env });
  const status = await run(['certs', ...args], terminal);
  return { status, out: terminal.stdout(), err: terminal.stderr() };
}

/** A directory whose certificate was made some days ago. */
async function aged(days: number): Promise<string> {
  const directory = await makeDirectory(await folder(), { hosts: ['registry.lan'] });
  const authority = await readAuthority(directory);
  if (authority === undefined) throw new Error('no CA');
  const names = parseSubjectNames(['registry.lan']);
  const now = later(new Date(), -days);
  const pair = await makeLeaf(authority, {
    names,
    keyKind: 'ecdsa',
    days: 90,
    now,
    random: () => serialNumber(),
  });
  await writeFile(join(directory, 'domain.key'), pair.key);
  await writeFile(join(directory, 'domain.crt'), pair.certificate);
  return directory;
}

describe('certs init', () => {
  it('makes everything, says what, and what comes next', async () => {
    const directory = await folder();
    const { status, out, err } = await gate([
      'init',
      '--host',
      'Registry.lan',
      '--host',
      '10.0.0.5,::1',
      '--certs',
      directory,
    ]);
    expect({ status, out }).toEqual({ status: 0, out: '' });
    expect(err).toMatch(
      /Made a CA in .*\nMade a certificate for registry\.lan, 10\.0\.0\.5, ::1, valid until \d{4}-\d\d-\d\d\.\n/,
    );
    expect(err).toMatch(
      /registry-gate certs trust --for docker registry\.lan --from https:\/\/registry\.lan --fingerprint [0-9a-f]{64}\n/,
    );
    expect(await readdir(directory)).toHaveLength(4);
  });

  it('says that there was nothing to do', async () => {
    const directory = await makeDirectory(await folder(), { hosts: ['registry.lan'] });
    const { status, err } = await gate(['init', '--host', 'registry.lan', '--certs', directory]);
    expect(status).toBe(0);
    expect(err).toMatch(/^Kept the CA in .*\nKept the certificate for registry\.lan: it is valid until/);
  });

  it.each(['registry.lan,10.0.0.5', 'registry.lan 10.0.0.5', ' registry.lan,\n10.0.0.5,'])(
    'reads REGISTRY_GATE_HOSTS=%j',
    async (hosts) => {
      const directory = await folder();
      const { status } = await gate(['init', '--certs', directory], { REGISTRY_GATE_HOSTS: hosts });
      expect(status).toBe(0);
      expect((await readCertificate(directory, 'domain.crt')).subjectAltName).toBe(
        'DNS:registry.lan, IP Address:10.0.0.5',
      );
    },
  );

  it('finds the directory in the environment', async () => {
    const directory = join(await folder(), 'certs');
    const env = { REGISTRY_GATE_CERTS: directory, REGISTRY_GATE_HOSTS: 'ignored.lan' };
    expect(await gate(['init', '--host', 'registry.lan'], env)).toMatchObject({ status: 0 });
    expect((await readCertificate(directory, 'domain.crt')).subjectAltName).toBe('DNS:registry.lan');
  });

  it('hands its options on', async () => {
    const directory = await folder();
    const options = ['--days', '10', '--ca-days', '20', '--key', 'rsa', '--constrain', '--certs', directory];
    expect(await gate(['init', '--host', 'registry.lan', ...options])).toMatchObject({ status: 0 });
    const [leaf, authority] = [
      await readCertificate(directory, 'domain.crt'),
      await readCertificate(directory, 'ca.crt'),
    ];
    const days = ({ validFromDate, validToDate }: typeof leaf): number =>
      Math.round((validToDate.getTime() - validFromDate.getTime()) / 86_400_000);
    expect([days(leaf), days(authority)]).toEqual([10, 20]);
    expect(leaf.publicKey.asymmetricKeyType).toBe('rsa');
    expect(await gate(['status', '--certs', directory])).toMatchObject({
      out: expect.stringContaining('may sign  registry.lan\n'),
    });
  });

  it.each([
    { name: 'no host', args: [], status: 2, says: /--host registry\.lan/ },
    { name: 'a bad host', args: ['--host', '1.2.3.256'], status: 2, says: /looks like an IPv4 address/ },
    { name: 'too many days', args: ['--host', 'a.lan', '--days', '398'], status: 2, says: /from 1 to 397/ },
    {
      name: 'no number of days',
      args: ['--host', 'a.lan', '--days', 'ten'],
      status: 2,
      says: /number of days/,
    },
    {
      name: 'an unknown type of key',
      args: ['--host', 'a.lan', '--key', 'dsa'],
      status: 2,
      says: /ecdsa, rsa/,
    },
  ])('refuses $name', async ({ args, status, says }) => {
    const directory = await folder();
    const done = await gate(['init', '--certs', directory, ...args]);
    expect(done).toMatchObject({ status, out: '' });
    expect(done.err).toMatch(says);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('certs init --offline-ca', () => {
  it('writes the key to a file apart, and never over another', async () => {
    const [directory, away] = [await folder(), join(await folder(), 'away.key')];
    const init = ['init', '--certs', directory, '--host', 'registry.lan', '--offline-ca', away];
    const { status, out, err } = await gate(init);
    expect({ status, out }).toEqual({ status: 0, out: '' });
    expect(err).toMatch(/keep its key \(\S+away\.key\) off this machine, and renew with --ca-key\.\n/);
    expect((await readdir(directory)).toSorted()).toEqual(['ca.crt', 'domain.crt', 'domain.key']);
    expect((await stat(away)).mode & 0o777).toBe(0o600);
    const renewed = await gate(['renew', '--certs', directory, '--force', '--ca-key', away]);
    expect(renewed.err).toMatch(/^Renewed/);
    const again = await gate([...init.slice(0, 2), await folder(), ...init.slice(3)]);
    expect(again).toMatchObject({ status: 2, err: expect.stringContaining('may be the key of another CA') });
  });

  it('writes the key to standard output', async () => {
    const directory = await folder();
    const { out } = await gate(['init', '--certs', directory, '--host', 'registry.lan', '--offline-ca', '-']);
    expect(out).toMatch(/^-----BEGIN PRIVATE KEY-----\n[^]*-----END PRIVATE KEY-----\n$/);
    const authority = await readCertificate(directory, 'ca.crt');
    expect(authority.checkPrivateKey(createPrivateKey(out))).toBe(true);
  });
});

describe('certs renew', () => {
  it.each([
    { name: 'a good one', days: 0, args: [], says: /not due.*--force/ },
    {
      name: 'a good one by force',
      days: 0,
      args: ['--force'],
      says: /^Renewed the certificate for registry\.lan, valid/,
    },
    { name: 'a due one', days: 70, args: [], says: /^Renewed/ },
    { name: 'an expired one', days: 100, args: [], says: /^Renewed/ },
    {
      name: 'a name',
      days: 0,
      args: ['--host', '10.0.0.5'],
      says: /^Renewed the certificate for registry\.lan, 10\.0\.0\.5/,
    },
  ])('$name', async ({ days, args, says }) => {
    const directory = await aged(days);
    const { status, out, err } = await gate(['renew', '--certs', directory, ...args]);
    expect({ status, out }).toEqual({ status: 0, out: '' });
    expect(err).toMatch(says);
    expect((await gate(['status', '--certs', directory])).status).toBe(0);
  });

  it('explains an empty directory', async () => {
    const { status, err } = await gate(['renew', '--certs', await folder()]);
    expect(status).toBe(1);
    expect(err).toMatch(/has no CA [^]*certs init .*--host/);
  });
});

describe('certs issue and revoke', () => {
  it('makes, lists, renews and revokes a certificate for another service', async () => {
    const directory = await makeDirectory(await folder());
    const place = ['--certs', directory];
    const made = await gate(['issue', '--host', 'db.lan', ...place]);
    expect(made).toMatchObject({ status: 0, out: '' });
    expect(made.err).toMatch(
      /^Made the certificate for db\.lan, valid until \d{4}-.*issued\/db\.lan\.crt and /,
    );
    expect((await gate(['status', ...place])).out).toMatch(
      /\nissued {2}\S+\/issued\/db\.lan\.crt\n {2}names {5}db\.lan\n {2}state {5}fine, 396 days left\n/,
    );
    expect((await gate(['renew', '--issued', 'db.lan', ...place])).err).toMatch(
      /^Renewed the certificate for db\.lan/,
    );
    const file = join(directory, 'issued', 'db.lan.crt');
    const { serialNumber } = await readCertificate(file);
    const revoked = await gate(['revoke', file, '--reason', 'superseded', ...place]);
    expect(revoked.err).toMatch(
      new RegExp(`^Revoked ${serialNumber}\\.\nSigned \\S+/ca\\.crl, good until \\d{4}-`),
    );
    expect((await gate(['revoke', serialNumber, ...place])).err).toMatch(
      /was revoked before; its reason stays/,
    );
    expect((await gate(['status', ...place])).out).toMatch(/\n {2}state {5}revoked\n/);
  });

  it.each([
    { days: 20, status: 3, says: /To renew db\.lan: registry-gate certs renew .*--issued db\.lan/ },
    { days: 5, status: 4, says: /To renew db\.lan: / },
  ])('announces the end of one of $days days, after ten', async ({ days, status, says }) => {
    const then = later(new Date(), -10);
    const directory = await makeDirectory(await folder(), { now: then });
    await issueCertificate({ directory, hosts: ['db.lan'], now: then, days });
    const shown = await gate(['status', '--certs', directory]);
    expect(shown.status).toBe(status);
    expect(shown.err).toMatch(says);
  });

  it.each([
    { name: 'issue without a host', args: ['issue'], says: /--host/ },
    { name: 'renew of an unknown one', args: ['renew', '--issued', 'x'], says: /made no certificate x/ },
    {
      name: 'renew with a host',
      args: ['renew', '--issued', 'x', '--host', 'a.lan'],
      says: /certs issue .*--force/,
    },
    { name: 'revoke of an unknown one', args: ['revoke', '00FF'], says: /certs status/ },
    { name: 'an unknown reason', args: ['revoke', '00FF', '--reason', 'x'], says: /keyCompromise/ },
  ])('refuses $name', async ({ args, says }) => {
    const directory = await makeDirectory(await folder());
    const done = await gate([...args, '--certs', directory]);
    expect(done.status).toBe(2);
    expect(done.err).toMatch(says);
  });
});

describe('certs rollover', () => {
  it('is led by certs status from step to step', async () => {
    const directory = await makeDirectory(await folder());
    const place = ['--certs', directory];
    for (const { step, says, shows } of [
      {
        step: 'start',
        says: /SHA-256: (?:[0-9A-F]{2}:){31}/,
        shows: /rollover {2}announced since [^]*rollover switch/,
      },
      {
        step: 'switch',
        says: /^The new CA is in force/,
        shows: /rollover {2}switched since [^]*rollover retire/,
      },
      { step: 'retire', says: /its key deleted/, shows: /^(?![^]*rollover)/ },
    ]) {
      const done = await gate(['rollover', step, ...place]);
      expect(done).toMatchObject({ status: 0, out: '' });
      expect(done.err).toMatch(says);
      const { status, out } = await gate(['status', ...place]);
      expect(status).toBe(0);
      expect(out).toMatch(shows);
    }
  });

  it.each([
    { name: 'as bound as the old one', args: [], expected: /^(?![^]*--follow)/ },
    { name: 'bound to nothing', args: ['--no-constrain'], expected: /may sign for every name.*--follow/ },
    {
      name: 'for one more domain',
      args: ['--host', 'r.example.org'],
      expected: /for r\.example\.org, which/,
    },
  ])('says whether clients follow the next CA by themselves: $name', async ({ args, expected }) => {
    const directory = await makeDirectory(await folder());
    const { status, err } = await gate(['rollover', 'start', '--certs', directory, ...args]);
    expect(status).toBe(0);
    expect(err).toMatch(expected);
  });

  it('says so where the old CA can not introduce the next one', async () => {
    const root = craft({ name: 'root', extensions: [extension.constraints(true, 0), ...AUTHORITY.slice(1)] });
    const leaf = craft({ name: 'leaf', issuer: root, extensions: SERVER });
    const directory = await folder();
    await writeFile(join(directory, 'ca.crt'), root.pem);
    await writeFile(join(directory, 'ca.key'), keyToPem(root.key));
    await writeFile(join(directory, 'domain.crt'), leaf.pem);
    await writeFile(join(directory, 'domain.key'), keyToPem(leaf.key), { mode: 0o600 });
    expect((await gate(['rollover', 'start', '--certs', directory])).err).toMatch(/are cut off/);
    expect((await gate(['status', '--certs', directory])).out).toMatch(/clients without it are cut off/);
    expect((await gate(['rollover', 'switch', '--certs', directory])).status).toBe(0);
    expect((await readFile(join(directory, 'domain.crt'), 'utf8')).match(/BEGIN/g)).toHaveLength(1);
  });
});

describe('certs status', () => {
  it.each([
    { days: 0, status: 0, state: 'fine', left: 89, says: 'fine, 89 days left' },
    { days: 70, status: 3, state: 'due', left: 19, says: 'due, 19 days left' },
    { days: 100, status: 4, state: 'expired', left: -11, says: 'expired 10 days ago' },
  ])('after $days days exits with $status', async ({ days, status, state, left, says }) => {
    const directory = await aged(days);
    const words = await gate(['status', '--certs', directory]);
    expect(words.status).toBe(status);
    expect(words.out).toContain(`state     ${says}\n`);
    expect(words.err).toMatch(
      state === 'fine' ? /^$/ : /^To renew the certificate: registry-gate certs renew\b.*\n$/,
    );
    const json = await gate(['status', '--json', '--certs', directory]);
    expect(json.status).toBe(status);
    expect(JSON.parse(json.out)).toMatchObject({
      state,
      isOwn: true,
      certificate: { state, names: ['registry.lan'], daysLeft: left, keyType: 'ECDSA P-256' },
      authority: {
        state: 'fine',
        daysLeft: 3649,
        issuer: expect.stringContaining('CN=registry-gate CA registry.lan'),
      },
    });
  });

  it('tells of a CA that nears its end', async () => {
    const directory = await makeDirectory(await folder(), { authorityDays: 300 });
    const { status, err } = await gate(['status', '--certs', directory]);
    expect(status).toBe(3);
    expect(err).toMatch(/CA expires soon/);
  });

  it('follows tls.certificate and tls.key', async () => {
    const directory = await makeDirectory(await folder(), { hosts: ['registry.lan'] });
    const other = await makeDirectory(await folder(), { hosts: ['other.lan'] });
    const env = {
      REGISTRY_GATE_CERTS: directory,
      REGISTRY_GATE_TLS_CERTIFICATE: join(other, 'domain.crt'),
      REGISTRY_GATE_TLS_KEY: join(other, 'domain.key'),
    };
    const { status, out, err } = await gate(['status'], env);
    expect(status).toBe(5);
    expect(out).toContain('other.lan');
    expect(out).not.toMatch(/names +registry\.lan/);
    expect(err).toMatch(/leads to "[^"]*other\.lan/);
    await rm(join(directory, 'ca.crt'));
    await rm(join(directory, 'ca.key'));
    await writeFile(join(directory, 'ca.crt'), await readFile(join(other, 'ca.crt')));
    expect((await gate(['status'], env)).status).toBe(0);
  });

  it('does not call a CA fine that is not valid yet', async () => {
    const directory = await folder();
    const material = CLIENT_CASES.find(({ name }) => name === 'a CA that is not valid yet')?.make();
    await writeFile(join(directory, 'ca.crt'), material?.authority ?? '');
    await writeFile(join(directory, 'domain.crt'), material?.chain ?? '');
    const { status, out, err } = await gate(['status', '--certs', directory]);
    expect(status).toBe(5);
    expect(out).toMatch(/state +not valid before \d{4}-/);
    expect(err).toMatch(/ca\.crt is valid from .* only: every client refuses it/);
  });

  it('exits with 5 where clients refuse it, and says which and what to do', async () => {
    const directory = await folder();
    const found = CLIENT_CASES.find(({ name }) => name === 'a CA of RSA-1024');
    if (found === undefined) throw new Error('no such case');
    const { authority, chain, key } = found.make();
    await writeFile(join(directory, 'ca.crt'), authority);
    await writeFile(join(directory, 'domain.crt'), chain);
    await writeFile(join(directory, 'domain.key'), keyToPem(key), { mode: 0o600 });
    const { status, out, err } = await gate(['status', '--certs', directory]);
    expect(status).toBe(5);
    expect(out).toMatch(/CA .*\n(?:.*\n)*? +state +refused, 29 days left\n/);
    expect(err).toMatch(
      /ca\.crt has an RSA key of 1024 bits: curl, programs with OpenSSL, Node\.js and Python 3\.13/,
    );
    expect(err).toMatch(/Make a new CA.*registry-gate certs init .*--host 127\.0\.0\.1 --host localhost\n/);
    const json = await gate(['status', '--json', '--certs', directory]);
    expect(JSON.parse(json.out)).toMatchObject({
      state: 'refused',
      problems: [
        {
          role: 'CA',
          refusedBy: ['curl', 'openssl', 'node', 'strict'],
          cure: expect.stringMatching(/certs init/),
        },
      ],
    });
  });

  it('shows fingerprints as openssl does', async () => {
    const directory = await makeDirectory(await folder());
    const { out } = await gate(['status', '--certs', directory]);
    for (const file of ['domain.crt', 'ca.crt']) {
      expect(out).toContain((await readCertificate(directory, file)).fingerprint256);
    }
  });

  it.each([
    { name: 'nothing', spoil: (it: string) => rm(join(it, 'domain.crt')), says: /does not exist/ },
    {
      name: 'rubbish',
      spoil: (it: string) => writeFile(join(it, 'domain.crt'), 'x'),
      says: /no certificate/,
    },
    {
      name: 'two halves',
      spoil: async (it: string) => writeFile(join(it, 'domain.key'), await readFile(join(it, 'ca.key'))),
      says: /does not belong to/,
    },
  ])('exits with 1 where there is $name', async ({ spoil, says }) => {
    const directory = await makeDirectory(await folder());
    await spoil(directory);
    const { status, out, err } = await gate(['status', '--certs', directory]);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toMatch(says);
  });
});

describe('certs trust', () => {
  it('says what it would do, and does not', async () => {
    const directory = await makeDirectory(await folder());
    const { status, out } = await gate([
      'trust',
      '--for',
      'containerd',
      'registry.lan:5000',
      '--dry-run',
      '--certs',
      directory,
    ]);
    expect(status).toBe(0);
    expect(out).toMatch(
      /^write \S+\/containerd\/certs\.d\/registry\.lan:5000\/ca\.crt\n {4}-----BEGIN CERTIFICATE/,
    );
    expect(out).toMatch(/\nwrite \S+\/hosts\.toml\n {4}server = "https:\/\/registry\.lan:5000"\n {4}ca = /);
    expect(out).not.toContain('PRIVATE');
  });

  it('says so as JSON', async () => {
    const directory = await makeDirectory(await folder());
    const { out } = await gate([
      'trust',
      '--for',
      'system',
      'registry.lan',
      '--undo',
      '--dry-run',
      '--json',
      '--certs',
      directory,
    ]);
    expect(JSON.parse(out)).toMatchObject({
      steps: [
        {
          action: 'remove',
          path: expect.stringContaining('registry-gate-registry.lan.crt'),
          content: await readFile(join(directory, 'ca.crt'), 'utf8'),
        },
        { action: 'run', command: expect.any(Array), outcome: 'planned' },
      ],
      notes: expect.any(Array),
      warnings: [],
    });
  });

  it.each([
    { registry: 'registry.lan', warned: /^$/ },
    { registry: 'team.registry.lan:5000', warned: /^$/ },
    { registry: '10.0.0.5', warned: /^$/ },
    {
      registry: 'other.lan',
      warned:
        /^Warning: The server's certificate names registry\.lan, .*, and not other\.lan: .*certs renew .*--host other\.lan\n$/,
    },
    { registry: '10.0.0.6:5000', warned: /^Warning: .*and not 10\.0\.0\.6: / },
  ])('warns of a name that the certificate lacks: $registry', async ({ registry, warned }) => {
    const directory = await makeDirectory(await folder());
    const command = ['trust', '--for', 'podman', registry, '--dry-run', '--certs', directory];
    const { status, err } = await gate(command);
    expect(status).toBe(0);
    expect(err).toMatch(warned);
    const { out } = await gate([...command, '--json']);
    expect((JSON.parse(out) as { warnings: unknown[] }).warnings).toHaveLength(err === '' ? 0 : 1);
  });

  it.each([
    { name: 'no client', args: ['registry.lan'], status: 2, says: /--for/ },
    {
      name: 'an unknown client',
      args: ['--for', 'rocket', 'registry.lan'],
      status: 2,
      says: /docker, docker-rootless, .*, podman, .*, system/,
    },
    { name: 'no registry', args: ['--for', 'docker'], status: 2, says: /registry/ },
    { name: 'a wildcard', args: ['--for', 'docker', '*.registry.lan'], status: 2, says: /wildcard/ },
    {
      name: '--from without --fingerprint',
      args: ['--for', 'docker', 'r.lan', '--from', 'https://r.lan'],
      status: 2,
      says: /--fingerprint/,
    },
    {
      name: '--fingerprint without --from',
      args: ['--for', 'docker', 'r.lan', '--fingerprint', 'ab'],
      status: 2,
      says: /--from/,
    },
    {
      name: '--ca with --from',
      args: ['--for', 'docker', 'r.lan', '--from', 'https://r.lan', '--ca', 'x'],
      status: 2,
      says: /exclude/,
    },
    {
      name: 'a file that is not there',
      args: ['--for', 'docker', 'r.lan', '--ca', '/nowhere/ca.crt'],
      status: 1,
      says: /does not exist/,
    },
  ])('refuses $name', async ({ args, status, says }) => {
    const done = await gate(['trust', ...args, '--dry-run']);
    expect(done).toMatchObject({ status, out: '' });
    expect(done.err).toMatch(says);
  });

  it.each(['ca.key', 'domain.crt'])('refuses %s for a CA certificate', async (file) => {
    const directory = await makeDirectory(await folder());
    const { status, err } = await gate([
      'trust',
      '--for',
      'docker',
      'r.lan',
      '--ca',
      join(directory, file),
      '--dry-run',
    ]);
    expect(status).toBe(1);
    expect(err).toMatch(/private key|not of a CA/);
    expect(err).not.toContain('BEGIN');
  });
});
