import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PASSWORD, USER, gateCommand, startGate, type GateProcess } from '../support/gate-process.ts';
import { must, run, until } from '../support/programs.ts';
import { MOUNT_NEEDS, describeWith } from '../support/requires.ts';
import { basic } from '../support/test-gate.ts';
import { linesOf, openAuditFixture, type AuditLine, type AuditFixture } from './audit-fixture.ts';

let fixture: AuditFixture;
let ca: string;

async function open(args: readonly string[] = []): Promise<void> {
  fixture = await openAuditFixture({ backend: 'embedded', args: ['--audit-chain', ...args] });
  ca = await readFile(join(fixture.certs, 'ca.crt'), 'utf8');
}

/** A request on a connection of its own. */
function ask(gate: GateProcess, method: string, path: string, body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: basic(USER, PASSWORD), 'content-type': MANIFEST_TYPE };
    const asked = request(`${gate.url}${path}`, { ca, agent: false, method, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('error', reject).end(body);
  });
}

const MANIFEST_TYPE = 'application/vnd.oci.image.index.v1+json';
const EMPTY_INDEX = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, manifests: [] });

/** A push of an index that leads nowhere: one request, and one event. */
async function push(gate: GateProcess, tag: string): Promise<void> {
  expect(await ask(gate, 'PUT', `/v2/team/app/manifests/${tag}`, EMPTY_INDEX)).toBe(201);
}

async function eventsIn(file: string): Promise<AuditLine[]> {
  return linesOf(await readFile(file, 'utf8')).filter(({ event }) => event !== 'log');
}

function untilLines(file: string, count: number): Promise<true> {
  return until(
    async () => ((await eventsIn(file)).length >= count ? true : undefined),
    () => `no ${count} lines in ${file}`,
  );
}

const verify = (files: readonly string[]) => gateCommand(['audit', 'verify', '--json', ...files]);

describe.each([{ workers: '1' }, { workers: '2' }])('the audit log, workers $workers', ({ workers }) => {
  afterEach(() => fixture.close());

  it('loses no event where it is moved away under load', async () => {
    await open(['--workers', workers]);
    const files: string[] = [];
    let pushed = 0;
    const end = new AbortController();
    const load = Array.from({ length: 4 }, async (_, lane) => {
      for (let n = 0; !end.signal.aborted || n < 20; n += 1) {
        await push(fixture.gate, `t${lane}-${n}`);
        pushed += 1;
      }
    });
    for (let round = 0; round < 3; round += 1) {
      const before = pushed;
      await until(
        () => (pushed > before + 10 ? true : undefined),
        () => 'no load',
      );
      const moved = `${fixture.file}.${round}`;
      await rename(fixture.file, moved);
      process.kill(fixture.gate.pid, 'SIGHUP');
      await until(
        () =>
          readFile(fixture.file).then(
            () => true as const,
            () => undefined,
          ),
        () => 'the log is not opened again',
      );
      files.push(moved);
    }
    end.abort();
    await Promise.all(load);
    await fixture.gate.close();
    files.push(fixture.file);
    const events = (await Promise.all(files.map(eventsIn))).flat();
    const tags = events.filter(({ event }) => event === 'push').map(({ tag }) => tag);
    expect(tags).toHaveLength(pushed);
    expect(new Set(tags).size).toBe(pushed);
    expect(JSON.parse((await verify(files)).stdout)).toMatchObject({ torn: 0, begins: null });
    expect((await verify(files)).status).toBe(0);
  });

  it('keeps what was written before a kill -9, and goes on in its chain', async () => {
    await open(['--workers', workers]);
    for (let n = 0; n < 20; n += 1) await push(fixture.gate, `before-${n}`);
    await untilLines(fixture.file, 20);
    process.kill(fixture.gate.pid, 'SIGKILL');
    await fixture.gate.close();
    await writeFile(fixture.file, '{"time":"2026-1', { flag: 'a' });
    const backend = `embedded:${join(fixture.folder, 'data')}`;
    const args = ['--audit', fixture.file, '--audit-chain'];
    const again = await startGate({ certs: fixture.certs, backend, args });
    try {
      await push(again, 'after');
    } finally {
      await again.close();
    }
    const verdict = await verify([fixture.file]);
    expect(JSON.parse(verdict.stdout)).toMatchObject({ torn: 1 });
    expect(verdict.status).toBe(0);
    const shown = await gateCommand(['audit', 'show', '--audit', fixture.file, '--json', '--action', 'push']);
    expect(linesOf(shown.stdout).map(({ tag }) => tag)).toEqual([
      ...Array.from({ length: 20 }, (_, n) => `before-${n}`),
      'after',
    ]);
  });
});

describe('the audit log', () => {
  afterEach(() => fixture.close());

  it('tells of reloads, and of tokens that are made and revoked by hand', async () => {
    await open();
    const token = await gateCommand(['tokens', 'create', 'ci', '--certs', fixture.certs]);
    expect(token.status).toBe(0);
    const id = /token (m-\w+)/.exec(token.output)?.[1] ?? '';
    await untilLines(fixture.file, 1);
    expect((await gateCommand(['tokens', 'revoke', id, '--certs', fixture.certs])).status).toBe(0);
    await untilLines(fixture.file, 2);
    const users = join(fixture.certs, 'htpasswd');
    const before = await readFile(users, 'utf8');
    await writeFile(users, `${before}broken\n`);
    await untilLines(fixture.file, 3);
    await writeFile(users, `${before}\n`);
    await untilLines(fixture.file, 4);
    expect(await fixture.end()).toMatchObject([
      { event: 'token', result: 'made', token: id, user: 'token:ci' },
      { event: 'token', result: 'revoked', token: id, user: 'token:ci' },
      { event: 'reload', result: 'failed', part: 'users', reason: 'HTPASSWD_INVALID' },
      { event: 'reload', result: 'done', part: 'users' },
    ]);
    expect(await readFile(fixture.file, 'utf8')).not.toContain(token.stdout.trim());
  });

  it('refuses to start where the log cannot be opened', async () => {
    await open();
    const where = ['--listen', '127.0.0.1:0', '--certs', fixture.certs];
    const log = join(fixture.folder, 'no', 'audit.log');
    const ran = await gateCommand(['serve', ...where, '--audit', log]);
    expect(ran.status).toBe(1);
    expect(ran.output).toContain("can't be opened (ENOENT)");
  });
});

describeWith([...MOUNT_NEEDS, 'umount'], 'an audit log on a full disk', () => {
  let disk: string;
  afterEach(async () => {
    await fixture.gate.close();
    await run('umount', ['-l', disk]);
    await fixture.close();
  });

  it('stops nobody, says so once, and has everything when there is room again', async () => {
    await open();
    disk = join(fixture.folder, 'disk');
    await mkdir(disk);
    await must('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]);
    const file = join(disk, 'audit.log');
    const backend = `embedded:${join(fixture.folder, 'more')}`;
    const gate = await startGate({ certs: fixture.certs, backend, args: ['--audit', file, '--audit-chain'] });
    const said = (message: string): number => gate.log.filter((line) => line.includes(message)).length;
    try {
      await writeFile(join(disk, 'filler'), Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
      for (let n = 0; n < 30; n += 1) await push(gate, `t-${n}`);
      await until(
        () => (said('audit log not written') === 1 ? true : undefined),
        () => gate.log.join('\n'),
      );
      await push(gate, 'last');
      await rm(join(disk, 'filler'));
      await untilLines(file, 31);
      await until(
        () => (said('audit log written again') === 1 ? true : undefined),
        () => gate.log.join('\n'),
      );
      expect(said('audit log not written')).toBe(1);
    } finally {
      await gate.close();
    }
    expect((await verify([file])).status).toBe(0);
  });
});
