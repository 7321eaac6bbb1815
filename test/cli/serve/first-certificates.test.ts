import { expect, it } from 'vitest';
import { prepareCertificates } from '../../../src/cli/serve/first-certificates.ts';
import { schema } from '../../../src/config/schema/schema.ts';
import { makeDirectory, readCertificate, temporaryFolders } from '../../pki/support.ts';
import { namesOf } from '../../../src/pki/x509/certificate-file.ts';

const folder = temporaryFolders();

const namesIn = async (directory: string): Promise<readonly string[]> =>
  namesOf(await readCertificate(directory, 'domain.crt')).map(({ value }) => value);

it('leaves out what was found and the CA must not sign, and says so', async () => {
  const certs = await makeDirectory(await folder(), { hosts: ['localhost'] });
  const config = { ...schema.parse({ certs }), users: '', state: certs };
  const wanted = { given: [], found: ['localhost', '2001:db8::7', '10.0.0.5', 'laptop'] };
  const { notes } = await prepareCertificates(config, wanted);
  expect(await namesIn(certs)).toEqual(['localhost', '10.0.0.5']);
  expect(notes).toEqual([
    expect.stringMatching(/replaced: to cover 10\.0\.0\.5 too/),
    expect.stringMatching(/^The CA must not sign 2001:db8::7, laptop: clients can't use them\./),
  ]);
  expect((await prepareCertificates(config, wanted)).notes).toHaveLength(1);
});

it('refuses what was given and the CA must not sign', async () => {
  const certs = await makeDirectory(await folder(), { hosts: ['localhost'] });
  const config = { ...schema.parse({ certs }), users: '', state: certs };
  await expect(prepareCertificates(config, { given: ['laptop'], found: ['laptop'] })).rejects.toMatchObject({
    code: 'HOST_INVALID',
  });
  expect(await namesIn(certs)).toEqual(['localhost']);
});
