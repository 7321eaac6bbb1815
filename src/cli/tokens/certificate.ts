import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { parseCertificates } from '../../pki/x509/certificate-file.ts';
import { makeTokenCertificate } from '../../pki/authority/token-certificate.ts';
import { LIFETIME } from '../../pki/authority/validity.ts';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { withFileLock } from '../../lib/files/file-lock.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addStateOptions, findState } from './place.ts';
import type { StateOptions } from './place.ts';

/** `tokens certificate`: what a registry needs that checks tokens itself. */
export function certificateCommand(terminal: Terminal): Command {
  return addStateOptions(new Command('certificate'))
    .description('Make the certificate by which a registry that checks tokens too recognises this gate.')
    .action(async (options: StateOptions) => {
      const { paths } = await findState(options, terminal);
      const { backendKey, backendCertificate } = paths;
      const certificate = await withFileLock(backendCertificate, async () => {
        const found = await readIfAny(backendCertificate);
        if (found !== undefined) return found;
        const made = await makeTokenCertificate(new Date(), LIFETIME.authority);
        await writeFileAtomic(backendKey, made.key, { mode: 0o600, forceMode: true });
        await writeFileAtomic(backendCertificate, made.certificate, { mode: 0o644 });
        return made.certificate;
      });
      const [{ validToDate }] = parseCertificates(certificate, backendCertificate);
      const end = validToDate.toISOString().slice(0, 10);
      terminal.err(`The registry has to know ${backendCertificate}, which holds until ${end}.\n`);
      terminal.err(
        'A complete configuration for it stands in docs/tokens.md. The key beside the certificate stays here.\n',
      );
    });
}

async function readIfAny(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new AppError('FILE_UNREADABLE', {
      message: `${path} can't be read (${systemCode(error) ?? String(error)}).`,
      hint: `Check who owns it: ls -l ${path}`,
      cause: error,
    });
  }
}
