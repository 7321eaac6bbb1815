import { certificateDigest, ownFile, type StoreCommand, type TrustStore } from '../store.ts';

/** The trusted roots of a Windows machine: Import-Certificate of the PKI module. */
export const WINDOWS: TrustStore = {
  writer: 'root',
  platforms: ['win32'],
  signs: { programs: ['powershell.exe'] },
  content: (request) => {
    const certificate = ownFile(request);
    const entry = `Cert:\\LocalMachine\\Root\\${certificateDigest(request.authority, 'sha1').toUpperCase()}`;
    const path = `'${certificate.path.replaceAll("'", "''")}'`;
    return {
      files: [certificate],
      programs: [
        {
          install: powershell(
            `Import-Certificate -FilePath ${path} -CertStoreLocation Cert:\\LocalMachine\\Root`,
          ),
          undo: powershell(`Remove-Item -LiteralPath '${entry}'`),
          probe: powershell(`if (-not (Test-Path -LiteralPath '${entry}')) { exit 1 }`),
        },
      ],
      notes: [
        'Restart Docker Desktop: its engine copies the trusted roots of Windows when it starts.',
        'This machine now trusts the CA for every name that it signs, not only for the registry.',
      ],
      undoNotes: ['Restart Docker Desktop: its engine copies the trusted roots of Windows when it starts.'],
    };
  },
};

function powershell(script: string): StoreCommand {
  return [
    'powershell.exe',
    '-NoProfile',
    '-NonInteractive',
    '-Command',
    `$ErrorActionPreference = 'Stop'; ${script}`,
  ];
}
