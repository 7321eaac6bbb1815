import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuditLog, type AuditLog } from '../../../src/audit/audit-log.ts';
import { verifyChain } from '../../../src/audit/log/verify.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';

let folder: Folder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder('chain');
  path = join(folder.path, 'audit.log');
});
afterEach(() => folder.close());

const silent = (): void => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const open = (chain = true): Promise<AuditLog> => openAuditLog({ path, chain, logger });
const add = (log: AuditLog, names: readonly string[]): void => {
  for (const user of names)
    log.write({ time: '2026-11-22T00:00:00.000Z', event: 'pull', result: 'done', user });
};
const lines = async (): Promise<string[]> => (await readFile(path, 'utf8')).split('\n').slice(0, -1);

/** Six lines: opened, a, b, c, d, closed. */
async function write(names: readonly string[] = ['a', 'b', 'c', 'd']): Promise<void> {
  const log = await open();
  add(log, names);
  await log.close();
}

describe('the chain', () => {
  it('holds over restarts', async () => {
    await write();
    await write(['e']);
    expect(await verifyChain([path])).toMatchObject({ broken: undefined, chained: 9, begins: null, torn: 0 });
  });

  it('holds over files that were moved away, and names the one before', async () => {
    const log = await open();
    add(log, ['a', 'b']);
    await expect.poll(async () => (await lines()).length).toBe(3);
    await rename(path, `${path}.1`);
    add(log, ['c']);
    await log.reopen();
    add(log, ['d']);
    await log.close();
    const before = await verifyChain([`${path}.1`]);
    expect(before.broken).toBeUndefined();
    expect(await verifyChain([path])).toMatchObject({ broken: undefined, begins: before.last });
    expect(await verifyChain([`${path}.1`, path])).toMatchObject({
      broken: undefined,
      begins: null,
      chained: 7,
    });
    expect((await verifyChain([path, `${path}.1`])).broken).toMatchObject({ file: `${path}.1`, line: 1 });
  });

  const TAMPERED: readonly (readonly [string, (all: string[]) => string[], number | undefined])[] = [
    ['nothing is done', (all) => all, undefined],
    ['a line is changed', (all) => all.map((line) => line.replace('"a"', '"x"')), 3],
    ['a line is cut out', (all) => all.toSpliced(2, 1), 3],
    ['lines are exchanged', ([first = '', one = '', two = '', ...rest]) => [first, two, one, ...rest], 2],
    ['a line is put in', (all) => all.toSpliced(3, 0, '{"event":"pull"}'), 4],
    ['a line is doubled', (all) => all.toSpliced(2, 0, all[1] ?? ''), 3],
    ['a line is made unreadable', (all) => all.with(2, 'x'), 3],
    ['the end is changed, and nobody kept a hash', (all) => all.slice(0, -2), undefined],
    ['a space is put behind a line', (all) => all.with(1, `${all[1]} `), 3],
  ];
  it.each(TAMPERED)('shows where %s', async (_name, tamper, line) => {
    await write();
    await writeFile(path, `${tamper(await lines()).join('\n')}\n`);
    expect((await verifyChain([path])).broken?.line).toBe(line);
  });

  it('shows a cut at the end to whoever kept the last hash', async () => {
    await write();
    const { last } = await verifyChain([path]);
    expect(await verifyChain([path], last)).toMatchObject({ foundKept: true });
    await write(['e']);
    expect(await verifyChain([path], last)).toMatchObject({ foundKept: true, broken: undefined });
    await writeFile(path, `${(await lines()).slice(0, 4).join('\n')}\n`);
    expect(await verifyChain([path], last)).toMatchObject({ foundKept: false, broken: undefined });
  });

  it('may begin in a file that had none', async () => {
    const plain = await open(false);
    add(plain, ['a']);
    await plain.close();
    await write(['b']);
    expect(await verifyChain([path])).toMatchObject({ broken: undefined, unchained: 3, chained: 3 });
    await writeFile(path, (await readFile(path, 'utf8')).replace('"closed"', '"removed"'));
    expect((await verifyChain([path])).broken).toMatchObject({ line: 4 });
  });
});

describe('a file that ends in the middle of a line', () => {
  it.each([
    ['a piece of a line', '{"time":"2026-11-22T00:0', 1],
    ['zeros', '\0\0\0\0', 1],
    ['a whole line without its end', undefined, 0],
  ])('goes on after %s', async (_name, piece, torn) => {
    await write();
    const text = await readFile(path, 'utf8');
    if (piece === undefined) await writeFile(path, text.slice(0, -1));
    else await appendFile(path, piece);
    expect((await verifyChain([path])).broken).toBeUndefined();
    await write(['e']);
    const verdict = await verifyChain([path]);
    expect(verdict).toMatchObject({ broken: undefined, torn, chained: 9 });
  });

  it('is no way to put something in', async () => {
    await write();
    const all = await lines();
    await writeFile(path, `${all.toSpliced(3, 0, '{"torn').join('\n')}\n`);
    expect((await verifyChain([path])).broken).toMatchObject({ line: 4 });
  });

  it('holds nothing but a piece', async () => {
    await writeFile(path, 'x');
    await write(['a']);
    expect(await verifyChain([path])).toMatchObject({ broken: undefined, torn: 1, chained: 3 });
  });
});
