import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { AppError, systemCode } from '../../lib/errors.ts';

/** A program that decompresses, and the package that has it. */
interface Program {
  readonly name: string;
  readonly args: readonly string[];
  readonly package: string;
}

/** A hostile xz file may ask for 4 GiB of memory; `xz -9` needs 65 MiB. */
const PROGRAMS: Readonly<Record<'bzip2' | 'xz', Program>> = {
  bzip2: { name: 'bzip2', args: ['-d', '-c'], package: 'bzip2' },
  xz: { name: 'xz', args: ['-d', '-c', '--memlimit-decompress=512MiB'], package: 'xz-utils' },
};

type Pieces = AsyncIterable<Uint8Array>;

/**
 * Decompresses pieces with the system's program, without a shell. `damaged` makes the error for input that it refuses.
 * The program is ended with the reader.
 */
export async function* decompressByProgram(
  pieces: Pieces,
  format: 'bzip2' | 'xz',
  damaged: (reason: string) => Error,
): Pieces {
  const { name, args, package: packageName } = PROGRAMS[format];
  const child = spawn(name, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<unknown>((resolve) => {
    child.once('error', (error) =>
      resolve(systemCode(error) === 'ENOENT' ? missing(format, name, packageName) : error),
    );
    child.once('close', (code) => resolve(code === 0 ? undefined : damaged(`${name} refuses it as damaged`)));
  });
  const fed = feed(pieces, child.stdin).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  fed.catch(() => undefined);
  try {
    for await (const piece of child.stdout) yield piece;
    await fed;
    const failure = await ended;
    if (failure !== undefined) throw failure;
  } finally {
    child.kill('SIGKILL');
  }
}

/** Writes pieces one by one: the memory of one is used for the next. A program that ended says why in its exit code. */
async function feed(pieces: Pieces, input: Writable): Promise<void> {
  input.on('error', () => undefined);
  for await (const piece of pieces) {
    const isTaken = await new Promise<boolean>((resolve) => {
      input.write(piece, (error) => resolve(!error));
    });
    if (!isTaken) return;
  }
  input.end();
}

function missing(format: string, name: string, packageName: string): AppError {
  return new AppError('ARCHIVE_INVALID', {
    message: `The archive is compressed with ${format}, and the program ${name} that decompresses it is not installed.`,
    hint: `Install it: apt-get install ${packageName}. Or decompress the archive elsewhere: it is read by content, not by name.`,
  });
}
