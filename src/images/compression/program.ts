import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
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

/**
 * Starts the system's program, without a shell, and returns its standard input and output as one stream, which fails if
 * the program does. `damaged` makes the error for input that it refuses.
 */
export function startDecompressor(format: 'bzip2' | 'xz', damaged: (reason: string) => Error): Duplex {
  const { name, args, package: packageName } = PROGRAMS[format];
  const child = spawn(name, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
  child.once('error', (error) =>
    stream.destroy(systemCode(error) === 'ENOENT' ? missing(format, name, packageName) : error),
  );
  child.once('exit', (code) => {
    if (code !== 0) stream.destroy(damaged(`${name} refuses it as damaged`));
  });
  stream.once('close', () => child.kill('SIGKILL'));
  return stream;
}

function missing(format: string, name: string, packageName: string): AppError {
  return new AppError('ARCHIVE_INVALID', {
    message: `The archive is compressed with ${format}, and the program ${name} that decompresses it is not installed.`,
    hint: `Install it: apt-get install ${packageName}. Or decompress the archive elsewhere: it is read by content, not by name.`,
  });
}
