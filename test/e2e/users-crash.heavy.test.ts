import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run as runCommand } from '../../src/cli/program.ts';
import { verifyHash } from '../../src/auth/passwords/password-hash.ts';
import { run, temporaryFolder, type Folder, type Ran } from '../support/programs.ts';
import { MOUNT_NEEDS, describeWith } from '../support/requires.ts';
import { recordingTerminal } from '../support/terminal.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const SHA = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';
const OLD = `# team\nalice:${SHA}\nbob:${SHA}\n`;
const NEW = `# team\nbob:${SHA}\n`;

/** Makes the name of the temporary file foreseeable, since strace picks system calls by whole paths. */
const FORESEEABLE = `import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
const { randomBytes } = crypto;
crypto.randomBytes = (size, ...rest) => (size === 6 ? Buffer.alloc(6, 7) : randomBytes(size, ...rest));
syncBuiltinESMExports();`;
const TOUCHED = ['', 'htpasswd', '.htpasswd.lock', '.htpasswd.070707070707.tmp'];

const CALLS = [
  'openat',
  'read',
  'write',
  'fsync',
  'rename',
  'unlink',
  'fchmod',
  'fchown',
  'close',
  'getdents64',
];
/** The exit status of what a signal ended, strace included, which ends as its program did. */
const KILLED = -1;
const FAULTS = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];

let folder: Folder;

interface Place {
  readonly directory: string;
  readonly path: string;
}

async function place(name: string, text = OLD): Promise<Place> {
  const directory = join(folder.path, name.replaceAll(/\W/g, '-'));
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  const path = join(directory, 'htpasswd');
  await writeFile(path, text, { mode: 0o600 });
  return { directory, path };
}

interface Traced extends Place {
  readonly injection?: string | undefined;
  readonly command: readonly string[];
  readonly input?: string;
}

/** One thread does the work with files, so that the calls have an order; strace counts those that touch the directory alone. */
async function trace({ directory, path, injection, command, input }: Traced): Promise<Ran & { log: string }> {
  const log = `${directory}.log`;
  const paths = TOUCHED.flatMap((name) => ['-P', join(directory, name).replace(/\/$/, '')]);
  const strace = ['-f', '-qq', '-o', log, '-e', `trace=${CALLS.join(',')}`, ...paths];
  // The filter is faster, but lets signals slip.
  if (injection?.includes('signal') !== true) strace.push('--seccomp-bpf');
  if (injection !== undefined) strace.push('-e', `inject=${injection}`);
  const gate = [process.execPath, '--import', join(folder.path, 'foreseeable.mjs'), MAIN, 'users'];
  const ran = await run('strace', [...strace, ...gate, ...command, '--users', path], {
    input: input ?? '',
    env: { UV_THREADPOOL_SIZE: '1', NODE_COMPILE_CACHE: join(folder.path, 'cache') },
  });
  return { ...ran, log: await readFile(log, 'utf8') };
}

function countCalls(log: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [, name = ''] of log.matchAll(/^\d+\s+(\w+)\(/gm)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** What is wrong after a run of `users remove alice` with a fault in it; nothing, we hope. */
async function judge(where: Place, ran: Ran, fault: string): Promise<string[]> {
  const text = await readFile(where.path, 'utf8').catch(() => 'no file');
  const complaints: string[] = [];
  if (text !== OLD && text !== NEW) complaints.push(`the file holds ${JSON.stringify(text)}`);
  if (ran.status === 0 && text !== NEW) complaints.push('said that it was done, and it was not');
  if (ran.status !== 0 && fault !== 'signal=KILL') {
    if (!/^registry-gate: .+\n {2}\S/.test(ran.output)) complaints.push(`no clear words: ${ran.output}`);
    if ((text === NEW) !== ran.output.includes('was replaced'))
      complaints.push(`untrue words: ${ran.output}`);
  }
  complaints.push(...(await goOn(where, text === OLD)));
  return complaints;
}

/** Afterwards the file can be read and changed, and nothing is left of the accident. */
async function goOn({ directory, path }: Place, hasAlice: boolean): Promise<string[]> {
  const terminal = recordingTerminal();
  const listed = await runCommand(['users', 'list', '--users', path], terminal);
  const removed = await runCommand(
    ['users', 'remove', hasAlice ? 'alice' : 'bob', '--users', path],
    terminal,
  );
  const names = await readdir(directory);
  const complaints = listed === 0 && removed === 0 ? [] : [`not usable afterwards: ${terminal.stderr()}`];
  return names.join() === 'htpasswd' ? complaints : [...complaints, `litter: ${names.join()}`];
}

async function inPairs<T>(jobs: readonly T[], work: (job: T) => Promise<void>): Promise<void> {
  const rest = [...jobs];
  const lane = async (): Promise<void> => {
    for (let job = rest.shift(); job !== undefined; job = rest.shift()) await work(job);
  };
  await Promise.all([lane(), lane()]);
}

describeWith(['strace'], 'a users file under faults', () => {
  beforeAll(async () => {
    folder = await temporaryFolder('crash');
    await writeFile(join(folder.path, 'foreseeable.mjs'), FORESEEABLE);
  });

  afterAll(async () => {
    await folder.close();
  });

  it('is the old or the new one, whichever system call fails or is the last', async () => {
    const quiet = await place('quiet');
    const traced = await trace({ ...quiet, command: ['remove', 'alice'] });
    const counts = countCalls(traced.log);
    expect(traced.status).toBe(0);
    for (const call of CALLS) expect([call, (counts.get(call) ?? 0) > 0]).toEqual([call, true]);

    const jobs = [...counts].flatMap(([call, count]) =>
      FAULTS.flatMap((fault) => Array.from({ length: count }, (_, at) => ({ call, fault, when: at + 1 }))),
    );
    const complaints: string[] = [];
    let hits = 0;
    await inPairs(jobs, async ({ call, fault, when }) => {
      const injection = `${call}:${fault}:when=${when}`;
      const where = await place(injection);
      const ran = await trace({ ...where, injection, command: ['remove', 'alice'] });
      if (ran.log.includes('INJECTED') || ran.status === KILLED) hits += 1;
      complaints.push(...(await judge(where, ran, fault)).map((complaint) => `${injection}: ${complaint}`));
    });
    expect(complaints).toEqual([]);
    expect(hits).toBe(jobs.length);
  });

  it.each([
    'write:error=ENOSPC:when=2',
    'write:signal=KILL:when=2',
    'fsync:error=EIO:when=1',
    'fsync:signal=KILL:when=2',
    'rename:error=EIO:when=1',
    'rename:signal=KILL:when=1',
  ])('has a new user, or none, after %s', async (injection) => {
    const where = await place(`add ${injection}`);
    const command = ['add', 'carol', '--password-stdin'];
    await trace({ ...where, injection, command, input: 'pw\n' });
    const text = await readFile(where.path, 'utf8');
    const [, line] = /^carol:(.*)\n$/.exec(text.slice(OLD.length)) ?? [];
    expect(text.startsWith(OLD)).toBe(true);
    expect(text === OLD || verifyHash(line ?? '', 'pw')).toBe(true);
    expect(await goOn(where, true)).toEqual([]);
  });
});

/** A shell in a mount namespace of its own; `$1` is the directory, `gate` the program. */
function shell(directory: string, script: string): Promise<Ran> {
  const gate = `gate() { '${process.execPath}' '${MAIN}' "$@"; }; cd "$1" || exit 9;`;
  return run('unshare', ['-m', 'sh', '-c', `${gate} ${script}`, 'sh', directory]);
}

describeWith(MOUNT_NEEDS, 'a users file on a difficult disk', () => {
  beforeAll(async () => {
    folder = await temporaryFolder('disk');
  });

  afterAll(async () => {
    await folder.close();
  });

  it('is not replaced where it is a mount of its own, which the user is told', async () => {
    const { directory, path } = await place('bind');
    await writeFile(join(directory, 'real'), OLD);
    const script =
      'mount --bind real htpasswd; gate users remove alice --users htpasswd; echo "status $?"; ls -A; cat htpasswd';
    const ran = await shell(directory, script);
    expect(ran.output).toContain(
      "htpasswd can't be replaced: it is mounted as a single file.\n  Mount the directory",
    );
    expect(ran.stdout).toBe(`status 1\nhtpasswd\nreal\n${OLD}`);
    expect(await readFile(path, 'utf8')).toBe(OLD);
  });

  it('is left alone on a disk that can not be written', async () => {
    const { directory } = await place('readonly');
    const script =
      'mount --bind . . && cd "$1" && mount -o remount,ro,bind . && gate users remove alice --users htpasswd; echo "status $?"; ls -A; cat htpasswd';
    const ran = await shell(directory, script);
    expect(ran.output).toContain('(EROFS). Nothing was changed.');
    expect(ran.stdout).toBe(`status 1\nhtpasswd\n${OLD}`);
  });

  it('is left alone when the disk is full', async () => {
    const { directory } = await place('full');
    const script = `mkdir d; mount -t tmpfs -o size=8k tmpfs d && cp htpasswd d/ && cd d;
      gate users remove alice --users htpasswd; echo "status $?"; ls -A; cat htpasswd`;
    const ran = await shell(directory, script);
    expect(ran.output).toContain('(ENOSPC). The old content is untouched.\n  Free some space');
    expect(ran.stdout).toBe(`status 1\nhtpasswd\n${OLD}`);
  });

  it('is left alone when it would grow beyond what the process may write', async () => {
    const filled = `${OLD}# ${'x'.repeat(5000)}\n`;
    const { directory, path } = await place('limit', filled);
    const ran = await shell(
      directory,
      '(ulimit -f 1; gate users remove alice --users htpasswd); echo "status $?"',
    );
    expect(ran.stdout).toMatch(/^status [1-9]/);
    expect(await readFile(path, 'utf8')).toBe(filled);
    expect(await goOn({ directory, path }, true)).toEqual([]);
  });
});
