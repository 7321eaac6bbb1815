import { createServer } from 'node:http';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { connect, createServer as createSocketServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queryGates } from '../../../src/auth/abuse/query-gates.ts';
import { openControl } from '../../../src/auth/abuse/control.ts';
import type { UnlockFilter } from '../../../src/auth/abuse/attempt.ts';
import { run } from '../../../src/cli/program.ts';
import type { LedgerRow } from '../../../src/auth/abuse/ledger.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { recordingTerminal } from '../../support/terminal.ts';

const ROWS: readonly LedgerRow[] = [
  { kind: 'user-and-network', network: '192.0.2.1', user: '=alice', failures: 12, blockedMs: 29_500 },
  { kind: 'user', network: '', user: '=alice', failures: 12, blockedMs: 0 },
  { kind: 'user-and-network', network: '2001:db8:0:0::/64', user: '#AbCd', failures: 2, blockedMs: 0 },
  { kind: 'network', network: '192.0.2.1', user: '', failures: 14, blockedMs: 0 },
  { kind: 'tokens', network: '192.0.2.1', user: '', failures: 3, blockedMs: 0 },
];

let folder: Folder;
let asked: UnlockFilter[];
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = await temporaryFolder('control');
  asked = [];
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await folder.close();
});

async function startGate(rows = ROWS): Promise<void> {
  const opened = await openControl({
    directory: folder.path,
    throttle: {
      rows: async () => rows,
      unlock: async (what) => {
        asked.push(what);
        return 3;
      },
    },
  });
  if (!opened.ok) throw new Error(opened.reason);
  closing.push(() => opened.control.close());
}

async function abuse(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const terminal = recordingTerminal();
  const status = await run(['abuse', ...args, '--state', folder.path], terminal);
  return { status, out: terminal.stdout(), err: terminal.stderr() };
}

const sockets = async (): Promise<string[]> =>
  (await readdir(folder.path)).filter((name) => name.endsWith('.sock'));

describe('abuse list', () => {
  it('prints who was wrong, and no name that nobody has', async () => {
    await startGate();
    expect(await abuse('list')).toEqual({
      status: 0,
      err: '',
      out: [
        'USER            NETWORK            WRONG  BLOCKED FOR',
        'alice           192.0.2.1          12     30 s',
        '(all)           192.0.2.1          14',
        'alice           (all)              12',
        '(tokens)        192.0.2.1          3',
        '(unknown name)  2001:db8:0:0::/64  2',
        '',
      ].join('\n'),
    });
  });

  it('prints JSON', async () => {
    await startGate();
    const [first, , , , stranger] = JSON.parse((await abuse('list', '--json')).out);
    expect(first).toEqual({
      kind: 'user-and-network',
      user: 'alice',
      isStranger: false,
      network: '192.0.2.1',
      failures: 12,
      blockedSeconds: 30,
    });
    expect(stranger).toMatchObject({ user: null, isStranger: true });
  });

  it('says that there is nothing, on standard error', async () => {
    await startGate([]);
    expect(await abuse('list')).toEqual({ status: 0, out: '', err: 'No wrong passwords were counted.\n' });
    expect((await abuse('list', '--json')).out).toBe('[]\n');
  });

  it('asks every gate that runs there, and says the same only once', async () => {
    await startGate();
    await startGate([
      ...ROWS.slice(1),
      { kind: 'user', network: '', user: '=bob', failures: 99, blockedMs: 0 },
    ]);
    const rows = JSON.parse((await abuse('list', '--json')).out);
    expect(rows.map(({ user, failures }: Record<string, unknown>) => `${user} ${failures}`)).toEqual([
      'alice 12',
      'bob 99',
      'null 14',
      'alice 12',
      'null 3',
      'null 2',
    ]);
  });
});

describe('abuse unlock', () => {
  it.each([
    { args: ['alice'], what: { user: '=alice', network: undefined }, whose: ' of alice' },
    { args: ['192.0.2.1'], what: { user: '=192.0.2.1', network: '192.0.2.1' }, whose: ' of 192.0.2.1' },
    {
      args: ['2001:db8::7'],
      what: { user: '=2001:db8::7', network: '2001:db8:0:0::/64' },
      whose: ' of 2001:db8::7',
    },
    {
      args: ['2001:db8:0:0::/64'],
      what: { user: '=2001:db8:0:0::/64', network: '2001:db8:0:0::/64' },
      whose: ' of 2001:db8:0:0::/64',
    },
    { args: ['--all'], what: { user: undefined, network: undefined }, whose: '' },
  ])('$args', async ({ args, what, whose }) => {
    await startGate();
    expect(await abuse('unlock', ...args)).toEqual({
      status: 0,
      out: '',
      err: `Forgotten: 3 counts${whose}.\n`,
    });
    expect(asked).toEqual([what]);
  });

  it.each([[[]], [['alice', '--all']]])('wants one of the two: %o', async (args) => {
    await startGate();
    const { status, err } = await abuse('unlock', ...args);
    expect(status).toBe(2);
    expect(err).toMatch(/Name one user or address, or use --all/);
    expect(asked).toEqual([]);
  });
});

describe('without a gate that answers', () => {
  it.each([
    { name: 'none has ever run', prepare: async () => undefined },
    {
      name: 'it was killed',
      prepare: async () => {
        // As a process leaves it that had no time to take it away.
        const server = createSocketServer().listen(join(folder.path, 'gate-00000000.sock'));
        await new Promise((resolve) => server.once('listening', resolve));
        const { promises } = await import('node:fs');
        await promises.rename(
          join(folder.path, 'gate-00000000.sock'),
          join(folder.path, 'gate-11111111.sock'),
        );
        await new Promise((resolve) => server.close(resolve));
      },
    },
  ])('$name: says so, and what to do', async ({ prepare }) => {
    await prepare();
    const { status, out, err } = await abuse('list');
    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(/No gate runs with the state directory .*\n.*--state DIR/);
  });

  it('but with something else there: says that it gives no answer', async () => {
    const other = createServer((_req, res) => res.end());
    await new Promise<void>((resolve) => other.listen(join(folder.path, 'gate-22222222.sock'), resolve));
    closing.push(() => new Promise((resolve) => void other.close(() => resolve())));
    const { status, err } = await abuse('list');
    expect(status).toBe(1);
    expect(err).toMatch(/can't be reached \(it gave no answer\)/);
  });
});

describe('the socket', () => {
  it('of a gate that was killed is removed by the next, that of a live one is not', async () => {
    await startGate();
    const [live] = await sockets();
    const server = createSocketServer().listen(join(folder.path, 'gate-00000000.sock'));
    await new Promise((resolve) => server.once('listening', resolve));
    const { promises } = await import('node:fs');
    await promises.rename(join(folder.path, 'gate-00000000.sock'), join(folder.path, 'gate-11111111.sock'));
    await new Promise((resolve) => server.close(resolve));
    await startGate();
    const names = await sockets();
    expect(names).toHaveLength(2);
    expect(names).toContain(live);
    expect(names).not.toContain('gate-11111111.sock');
  });

  it('goes with its gate', async () => {
    await startGate();
    for (const close of closing.splice(0)) await close();
    expect(await sockets()).toEqual([]);
  });

  it.each([
    ['no JSON', 'hello\n'],
    ['another question', '{"ask":"reboot"}\n'],
    ['a user that is none', '{"ask":"unlock","user":{}}\n'],
    ['too much', `{"ask":"list","more":"${'x'.repeat(5000)}"}\n`],
  ])('answers %s by closing, and serves the next', async (_name, text) => {
    await startGate();
    const [name = ''] = await sockets();
    expect(await talk(join(folder.path, name), text)).toBe('');
    expect(asked).toEqual([]);
    expect(await queryGates(folder.path, { ask: 'list' })).toMatchObject([{ kind: 'answered' }]);
  });

  it('is not there where its path would be too long, which is no reason not to serve', async () => {
    const directory = join(folder.path, 'x'.repeat(100));
    await mkdir(directory);
    const throttle = { rows: async () => [], unlock: async () => 0 };
    expect(await openControl({ directory, throttle })).toMatchObject({ ok: false });
    await writeFile(join(folder.path, 'file'), '');
    expect(await openControl({ directory: join(folder.path, 'file'), throttle })).toEqual({
      ok: false,
      reason: 'ENOTDIR',
    });
  });
});

/** What comes back for a text. */
function talk(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket: Socket = connect(path, () => socket.write(text));
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.on('error', () => undefined).on('close', () => resolve(answer));
  });
}
