import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/**
 * `describe` for a suite that drives real programs: runs where all of them are installed, and is skipped by name
 * where one is missing. With E2E=required a missing program is a failure.
 */
export function describeWith(programs: readonly string[], name: string, body: () => void): void {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  if (process.env['E2E'] === 'required')
    throw new Error(`${name}: needs ${missing.join(', ')}, and E2E=required`);
  describe.skip(`${name} (skipped: ${missing.join(', ')} not installed)`, body);
}

/** What a suite needs that mounts something where nobody else sees it: the programs, and that this place lets us. */
export const MOUNT_NEEDS: readonly string[] = works('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /tmp'])
  ? ['unshare', 'mount']
  : ['unshare', 'mount', 'the right to mount'];

/** What a suite needs that types on a terminal. */
export const TERMINAL_NEEDS: readonly string[] = works('script', ['-q', '-e', '-c', 'true', '/dev/null'])
  ? ['script']
  : ['script', 'a pseudo-terminal'];

function works(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Whether a program stands on PATH (the sbin folders included, which a user's PATH may lack). */
export function isInstalled(program: string): boolean {
  return findProgram(program) !== '';
}

/** The path of a program on PATH; empty where it is not installed. */
export function findProgram(program: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? '';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
