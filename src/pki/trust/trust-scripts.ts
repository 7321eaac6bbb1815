import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrustClient } from './clients.ts';

/** A script that a client runs without Node.js. It is constant: nothing of a request goes into it. */
interface TrustScript {
  readonly text: string;
  /** The media type it is served as. */
  readonly type: string;
}

/**
 * The scripts that make a client trust the CA, by their paths on the gate: for a POSIX shell, and for PowerShell. Each
 * fetches `/ca.crt`, compares its SHA-256 with the fingerprint on the command line, and installs it where the client
 * reads it. Fetch a script over a verified connection: the README fetches and checks `ca.crt` first.
 */
export const TRUST_SCRIPTS: Readonly<Record<'/trust.sh' | '/trust.ps1', TrustScript>> = {
  '/trust.sh': { text: read('trust.sh'), type: 'text/x-shellscript; charset=utf-8' },
  '/trust.ps1': { text: read('trust.ps1'), type: 'text/plain; charset=utf-8' },
};

/** The clients that `/trust.sh` sets up: those that need files alone, or a program of the system. */
export const SCRIPT_CLIENTS: readonly TrustClient[] = [
  'docker',
  'docker-rootless',
  'docker-desktop',
  'podman',
  'crio',
  'containerd',
  'nerdctl',
  'k3s',
  'rke2',
  'buildx',
  'node',
  'python',
  'system',
];

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, 'scripts', name), 'utf8');
}
