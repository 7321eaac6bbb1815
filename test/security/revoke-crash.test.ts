import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRecord } from '../../src/pki/authority/record.ts';
import { revokeCertificate } from '../../src/pki/authority/revocation.ts';
import { makeDirectory, readCertificate, temporaryFolders } from '../pki/support.ts';

// The key of the gate was stolen, and `certs revoke certs/domain.crt` fails half way. If the certificate is replaced by
// then, a second try revokes its successor, and the stolen one stays good.

const folder = temporaryFolders();
const now = new Date();

it('a revocation that failed revokes the same certificate the next time', async () => {
  const directory = await makeDirectory(await folder(), { now });
  const stolen = await readCertificate(directory, 'domain.crt');
  const asked = { directory, now, target: join(directory, 'domain.crt'), reason: 'keyCompromise' } as const;
  const record = join(directory, 'issued.json');
  await mkdir(record);
  await expect(revokeCertificate(asked)).rejects.toMatchObject({ code: 'STATE_INVALID' });
  await rmdir(record);
  expect(await revokeCertificate(asked)).toMatchObject({ serial: stolen.serialNumber, isReplaced: true });
  const { revoked } = await readRecord(directory);
  expect(revoked.map(({ serial }) => serial)).toEqual([stolen.serialNumber]);
  expect((await readCertificate(directory, 'domain.crt')).serialNumber).not.toBe(stolen.serialNumber);
  expect(await readFile(join(directory, 'ca.crl'), 'utf8')).toMatch(/BEGIN X509 CRL/);
});
