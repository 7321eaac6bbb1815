import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityTokensFile } from '../../../../src/auth/tokens/store/identity-token.ts';
import { machineTokensFile, withToken } from '../../../../src/auth/tokens/store/machine-token.ts';
import { changeState, readState } from '../../../../src/auth/tokens/store/state-file.ts';
import { useLogFile } from '../../../../src/auth/tokens/store/use-log.ts';
import { START, errorOf, machineToken, makeFolder } from '../support.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let path = '';

beforeEach(async () => {
  folder = await makeFolder();
  path = join(folder.path, 'tokens.json');
});

afterEach(() => folder.close());

describe('changeState', () => {
  it('makes the file for its owner alone, and leaves nothing beside it', async () => {
    const { token } = machineToken();
    await changeState(machineTokensFile(path), (state) => withToken(state, token, START));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder.path)).toEqual(['tokens.json']);
    expect((await readState(machineTokensFile(path))).state.tokens).toEqual([token]);
  });

  it('takes the rights of others away from a file that was open to them', async () => {
    await writeFile(path, '{"version":1,"tokens":[]}', { mode: 0o644 });
    await chmod(path, 0o644);
    expect((await readState(machineTokensFile(path))).exposed).toBe(true);
    await changeState(machineTokensFile(path), (state) => ({ ...state }));
    expect((await readState(machineTokensFile(path))).exposed).toBe(false);
  });

  it('writes nothing where nothing changes', async () => {
    await changeState(machineTokensFile(path), (state) => state);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('loses none of twenty changes at once', async () => {
    const ids = Array.from({ length: 20 }, (_, at) => `m-${at}`);
    const add = (id: string) =>
      changeState(machineTokensFile(path), (state) => withToken(state, machineToken({ id }).token, START));
    await Promise.all(ids.map(add));
    const { state } = await readState(machineTokensFile(path));
    expect(state.tokens.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  it('does not touch a damaged file', async () => {
    await writeFile(path, '{"version":1,"tokens":[{"id":7}]}');
    const error = await errorOf(changeState(machineTokensFile(path), (state) => ({ ...state })));
    expect([error.code, error.hint]).toEqual(['STATE_INVALID', expect.stringContaining(`mv ${path}`)]);
    expect(await readFile(path, 'utf8')).toBe('{"version":1,"tokens":[{"id":7}]}');
  });
});

describe('readState', () => {
  const files = { machines: machineTokensFile, devices: identityTokensFile, uses: useLogFile };

  it.each(Object.entries(files))('finds nothing where there is no file of %s', async (_name, file) => {
    expect(await readState<unknown>(file(path))).toEqual({ state: file(path).empty, exposed: false });
  });

  it.each(
    Object.entries(files).flatMap(([name, file]) =>
      [
        '',
        'null',
        '[]',
        '{',
        '{"version":2,"tokens":[],"used":{}}',
        '{"version":1}',
        '{"version":1,"tokens":{},"used":{"a":1}}',
      ].map((text) => [name, text, file] as const),
    ),
  )('refuses %s that are %s', async (_name, text, file) => {
    await writeFile(path, text);
    expect((await errorOf(readState<unknown>(file(path)))).code).toBe('STATE_INVALID');
  });

  it('refuses a directory, as Docker makes one for a missing file', async () => {
    await mkdir(path);
    expect((await errorOf(readState(machineTokensFile(path)))).code).toBe('STATE_INVALID');
  });
});
