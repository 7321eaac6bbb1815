import { readFileSync } from 'node:fs';
import { report } from 'node:process';

/** What the program itself has open: log, audit, modules, the line to other processes, files that are looked at, idle connections to the registry. */
const RESERVE = 96;
/** A connection of a client, one to the registry or a file of it, and a file of the layer cache or of an upload. */
const PER_CONNECTION = 3;
const LEAST = 8;

/** How many connections of clients a process can serve that may have so many files open. */
export function connectionsFor(openFiles: number): number {
  return Math.max(LEAST, Math.floor((openFiles - RESERVE) / PER_CONNECTION));
}

/** How many files this process may have open (RLIMIT_NOFILE, which Node.js raises to the hard limit); undefined where it can't be told, or is unlimited. */
export function openFileLimit(): number | undefined {
  const limit = fromProc() ?? fromReport();
  return limit !== undefined && Number.isSafeInteger(limit) && limit > 0 ? limit : undefined;
}

function fromProc(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** Systems without /proc. It takes some milliseconds. */
function fromReport(): number | undefined {
  const { userLimits } = report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
  };
  return Number(userLimits?.open_files?.soft);
}
