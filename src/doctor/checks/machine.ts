import type { AppError } from '../../lib/errors.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { fine, skipped, wrong, type Check } from '../check.ts';
import type { Disk, ListenFact } from '../facts/machine.ts';
import type { Here } from './route.ts';

const NODE = { id: 'node', what: 'Node.js' } as const;
const DESCRIPTORS = { id: 'descriptors', what: 'open files' } as const;

/** Below this many descriptors a gate has too few for its clients: one for each connection, and one for the registry. */
const LEAST_DESCRIPTORS = 4096;
const LEAST_BYTES = 1024 ** 3;
const LEAST_SHARE = 0.05;

/** Whether the gate runs safely on this Node.js. */
export function checkNode(version: string, fault: AppError | undefined): Check {
  if (fault === undefined) return fine(NODE, version);
  return wrong(
    NODE,
    fault.message.replace(/\.$/, ''),
    isOfSettings(fault) ? 'unset NODE_TLS_REJECT_UNAUTHORIZED NODE_OPTIONS' : 'npm ci',
  );
}

function isOfSettings({ hint = '' }: AppError): boolean {
  return hint.includes('setting');
}

/** Whether a process that is started here may open enough files. `limit`: undefined if the system does not say. */
export function checkDescriptors(limit: number | undefined): Check {
  if (limit === undefined) return skipped(DESCRIPTORS, 'this system does not say how many are allowed');
  if (limit >= LEAST_DESCRIPTORS) return fine(DESCRIPTORS, `${limit} at once`);
  return wrong(
    DESCRIPTORS,
    `a process that is started here may open ${limit}, and each client needs two`,
    'ulimit -n 65536',
  );
}

/** Whether there is room. */
export function checkDisk(disk: Disk): Check {
  const subject = { id: `disk.${disk.use}`, what: `disk of ${disk.use}` };
  const { free, size, freeFiles, files, path } = disk;
  const left = `${gigabytes(free)} of ${gigabytes(size)} GB free for ${path}`;
  const isShort = free < LEAST_BYTES || free < size * LEAST_SHARE;
  const hasNoFiles = files > 0 && freeFiles < files * 0.01;
  if (!isShort && !hasNoFiles) return fine(subject, left);
  const why = isShort ? left : `${freeFiles} of ${files} files (inodes) free for ${path}`;
  return wrong(subject, why, disk.use === 'images' ? 'registry-gate gc' : `du -xhd1 ${shellWord(path)}`);
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0);
}

/** Whether the gate has, or could have, a port that the configuration names. */
export function checkListen({ text, state, unprivilegedFrom }: ListenFact, { isRoot }: Here): Check {
  const subject = { id: 'listen', what: `port ${text}` };
  switch (state) {
    case 'ours':
      return fine(subject, 'the gate answers');
    case 'free':
      return wrong(subject, 'the gate does not run: nobody listens there', 'registry-gate serve');
    case 'foreign':
      return wrong(
        subject,
        'another program has it, so that the gate can not start',
        `${isRoot ? '' : 'sudo '}ss -ltnp 'sport = :${text.split(':').at(-1) ?? ''}'`,
      );
    case 'forbidden':
      return wrong(
        subject,
        `this user may not listen below ${unprivilegedFrom}, and the gate does not run`,
        `sudo sysctl net.ipv4.ip_unprivileged_port_start=${text.split(':').at(-1) ?? '443'}`,
      );
  }
}
