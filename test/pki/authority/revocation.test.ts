import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { issueCertificate } from '../../../src/pki/authority/issued.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../../../src/pki/authority/record.ts';
import { renewListIfDue, revokeCertificate } from '../../../src/pki/authority/revocation.ts';
import { loadServerCertificate } from '../../../src/pki/authority/server-certificate.ts';
import { readStatus } from '../../../src/pki/authority/status.ts';
import { revocationListTimes } from '../../../src/pki/x509/der-reader.ts';
import { run } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { HOSTS, later, makeDirectory, openssl, readCertificate, temporaryFolders } from '../support.ts';

const folder = temporaryFolders();
const now = new Date();

async function withTwo(): Promise<{ readonly directory: string; readonly serials: readonly string[] }> {
  const directory = await makeDirectory(await folder(), { now });
  const serials: string[] = [];
  for (const host of ['db.lan', 'mail.lan']) {
    serials.push((await issueCertificate({ directory, hosts: [host], now })).serial);
  }
  return { directory, serials };
}

/** The verdict of `openssl verify -crl_check`, which is `revoked`, `good` or another error. */
async function verdict(directory: string, file: string): Promise<string> {
  const line = `verify -crl_check -x509_strict -CAfile ca.crt -CRLfile ca.crl ${file}`;
  const { output } = await run('openssl', line.split(' '), { cwd: directory });
  if (/certificate revoked/.test(output)) return 'revoked';
  return /: OK/.test(output) ? 'good' : output;
}

describe('revokeCertificate', () => {
  it('takes a file or a serial number, in any spelling, and can be repeated', async () => {
    const { directory, serials } = await withTwo();
    const [first = '', second = ''] = serials;
    const target = join(directory, 'issued', 'db.lan.crt');
    const asked = { directory, now, reason: 'superseded' } as const;
    expect(await revokeCertificate({ ...asked, target })).toMatchObject({
      serial: first,
      outcome: 'revoked',
    });
    const spelled = second.toLowerCase().replaceAll(/..(?!$)/g, '$&:');
    expect(await revokeCertificate({ ...asked, target: spelled })).toMatchObject({ serial: second });
    expect(await revokeCertificate({ ...asked, target: first })).toMatchObject({ outcome: 'was revoked' });
    const { issued } = await readStatus({ directory }, now);
    expect(issued.map(({ state }) => state)).toEqual(['revoked', 'revoked']);
  });

  it('replaces the certificate of the gate first', async () => {
    const directory = await makeDirectory(await folder(), { now });
    const old = await loadServerCertificate({ directory }, now);
    await writeFile(join(directory, 'old.crt'), await readFile(join(directory, 'domain.crt')));
    const target = join(directory, 'domain.crt');
    const done = await revokeCertificate({ directory, now, target, reason: 'keyCompromise' });
    expect(done).toMatchObject({ outcome: 'revoked', isReplaced: true });
    const next = await loadServerCertificate({ directory }, now);
    expect(next.names).toEqual(HOSTS);
    expect(next.key.reveal()).not.toBe(old.key.reveal());
    expect((await readCertificate(directory, 'old.crt')).serialNumber).toBe(done.serial);
  });

  it.each([
    { name: 'a serial number that is not known', target: 'ABCD', code: 'USAGE' },
    { name: 'the certificate of the CA', target: 'ca.crt', code: 'CERT_INVALID' },
    { name: 'a file without a certificate', target: 'ca.key', code: 'CERT_INVALID' },
    { name: 'a certificate of another CA', target: 'other.crt', code: 'CERT_INVALID' },
  ])('refuses $name', async ({ target, code }) => {
    const directory = await makeDirectory(await folder(), { now });
    const other = await makeDirectory(await folder(), { now });
    await writeFile(join(directory, 'other.crt'), await readFile(join(other, 'domain.crt')));
    const path = target.includes('.') ? join(directory, target) : target;
    const revoking = revokeCertificate({ directory, now, target: path, reason: 'unspecified' });
    await expect(revoking).rejects.toMatchObject({ code });
  });

  it('forgets what has long expired', async () => {
    const { directory, serials } = await withTwo();
    const asked = { directory, reason: 'unspecified' } as const;
    for (const target of serials) await revokeCertificate({ ...asked, now, target });
    const then = later(now, 470);
    const { serial: target } = await issueCertificate({ directory, hosts: ['new.lan'], now: then });
    await revokeCertificate({ ...asked, now: then, target });
    expect(JSON.parse(await readFile(join(directory, 'issued.json'), 'utf8'))).toMatchObject({
      revoked: [{ serial: target }],
    });
  });
});

describe('renewListIfDue', () => {
  it.each([
    { days: 0, outcome: 'current' },
    { days: 19, outcome: 'current' },
    { days: 21, outcome: 'renewed' },
    { days: 50, outcome: 'renewed' },
  ])('after $days days of 30: $outcome', async ({ days, outcome }) => {
    const { directory, serials } = await withTwo();
    expect(await renewListIfDue({ directory, now: later(now, days) })).toBe('current');
    await revokeCertificate({ directory, now, target: serials[0] ?? '', reason: 'unspecified' });
    const then = later(now, days);
    expect(await renewListIfDue({ directory, now: then })).toBe(outcome);
    const times = revocationListTimes(await readFile(join(directory, 'ca.crl'), 'utf8'));
    expect(times?.nextUpdate.getTime()).toBeGreaterThan(later(then, 10).getTime());
    expect(await renewListIfDue({ directory, now: then })).toBe('current');
  });

  it('does nothing without the key of the CA, whose owner signs for a year', async () => {
    const { directory, serials } = await withTwo();
    const keyFile = join(await folder(), 'ca.key');
    await rename(join(directory, 'ca.key'), keyFile);
    const target = serials[0] ?? '';
    const done = await revokeCertificate({ directory, now, target, reason: 'unspecified', keyFile });
    expect(Math.round((done.nextUpdate.getTime() - now.getTime()) / 86_400_000)).toBe(397);
    expect(await renewListIfDue({ directory, now: later(now, 300) })).toBe('no-authority');
  });
});

describeWith(['openssl'], 'the list, read by openssl', () => {
  it('has what was revoked, and nothing else', async () => {
    const { directory } = await withTwo();
    const target = join(directory, 'issued', 'db.lan.crt');
    await revokeCertificate({ directory, now, target, reason: 'keyCompromise' });
    expect(await verdict(directory, 'issued/db.lan.crt')).toBe('revoked');
    expect(await verdict(directory, 'issued/mail.lan.crt')).toBe('good');
    expect(await verdict(directory, 'domain.crt')).toBe('good');
    const text = await openssl(directory, 'crl -in ca.crl -noout -text');
    expect(text).toMatch(/Version 2 \(0x1\)[^]*X509v3 Authority Key Identifier[^]*X509v3 CRL Number/);
  });

  it.each(Object.keys(REVOCATION_REASONS) as RevocationReason[])('says why: %s', async (reason) => {
    const { directory, serials } = await withTwo();
    await revokeCertificate({ directory, now, target: serials[0] ?? '', reason });
    const text = await openssl(directory, 'crl -in ca.crl -noout -text');
    const words = reason.replaceAll(/[A-Z]/g, (letter) => ` ${letter}`).trim();
    const found = new RegExp(`CRL Reason Code: *\\n *${words}\\n`, 'i').test(text);
    expect({ reason, found }).toEqual({ reason, found: reason !== 'unspecified' });
  });

  it('has numbers that grow', async () => {
    const { directory, serials } = await withTwo();
    const numbers: bigint[] = [];
    for (const [at, target] of serials.entries()) {
      await revokeCertificate({
        directory,
        now: new Date(now.getTime() + at),
        target,
        reason: 'unspecified',
      });
      const line = await openssl(directory, 'crl -in ca.crl -noout -crlnumber');
      numbers.push(BigInt(line.trim().replace('crlNumber=', '')));
    }
    expect(numbers[1]).toBeGreaterThan(numbers[0] ?? 0n);
  });

  it('revokes certificates of a CA that openssl made', async () => {
    const directory = await makeDirectory(await folder(), { now, keyKind: 'rsa' });
    await writeFile(join(directory, 'extfile.cnf'), 'subjectAltName = DNS:other.lan\n');
    await openssl(directory, 'req -new -newkey rsa:2048 -nodes -keyout o.key -subj /CN=other.lan -out o.csr');
    await openssl(
      directory,
      'x509 -req -in o.csr -CA ca.crt -CAkey ca.key -set_serial 0xF0123456789ABCDEF0 -out o.crt -days 9 -extfile extfile.cnf',
    );
    const target = join(directory, 'o.crt');
    await revokeCertificate({ directory, now: new Date(), target, reason: 'superseded' });
    const text = await openssl(directory, 'crl -in ca.crl -noout -text');
    expect(text).toContain('Serial Number: F0123456789ABCDEF0');
  });
});
