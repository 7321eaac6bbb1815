import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../../src/lib/secret.ts';
import type { MachineToken } from '../../../../src/auth/tokens/store/machine-token.ts';
import { aliveTokens, withToken } from '../../../../src/auth/tokens/store/machine-token.ts';
import { makeSecret } from '../../../../src/auth/tokens/store/secret-text.ts';
import { createMachineTokens, openTokenStore } from '../../../../src/auth/tokens/store/token-store.ts';
import { DAY, START, errorOf, machineToken, makeFolder } from '../support.ts';

const at = (time: number): string => new Date(time).toISOString();

describe('authenticate', () => {
  const { token, secret } = machineToken({ expires: at(START + DAY), networks: ['10.0.0.0/8'] });
  const other = machineToken({ id: 'm-2', name: 'other' });
  const tokens = createMachineTokens([token, other.token]);
  const right = { user: 'ci', secret, address: '10.1.2.3' };

  it.each([
    ['the right secret', {}, START, 'm-1'],
    ['the last moment', {}, START + DAY - 1, 'm-1'],
    ['a token that ended', {}, START + DAY, undefined],
    ['another address', { address: '11.1.2.3' }, START, undefined],
    ['another name', { user: 'other' }, START, undefined],
    ['another secret', { secret: other.secret }, START, undefined],
    ['another token', { user: 'other', secret: other.secret, address: '::1' }, START, 'm-2'],
    ['no name', { user: '' }, START, undefined],
    ['the hash in place of the secret', { secret: token.hash }, START, undefined],
    ['a secret that nobody made', { secret: makeSecret('machine').secret.reveal() }, START, undefined],
    ['an identity token', { secret: makeSecret('identity').secret.reveal() }, START, undefined],
  ])('judges %s', (_name, more, now, id) => {
    const { secret: text, ...rest } = { ...right, ...more };
    expect(tokens.authenticate({ ...rest, password: new Secret(text) }, now)?.id).toBe(id);
  });

  it.each([
    ['alive', 'm-1', START, 'ci'],
    ['over', 'm-1', START + DAY, undefined],
    ['unknown', 'm-3', START, undefined],
    ['named like a member of every object', 'constructor', START, undefined],
  ])('finds a token that is %s', (_name, id, now, name) => {
    expect(tokens.find(id, now)?.name).toBe(name);
  });

  it('admits nobody to a token that is not there', () => {
    expect(tokens.admits('m-3', '10.0.0.1')).toBe(false);
  });
});

describe('withToken', () => {
  const tokenOf = (id: string, expires: string | null): MachineToken => machineToken({ id, expires }).token;

  it('drops what ended a month ago, and counts what is alive', () => {
    const old = [
      tokenOf('m-1', at(START - 31 * DAY)),
      tokenOf('m-2', at(START - 29 * DAY)),
      tokenOf('m-3', null),
    ];
    const state = withToken({ version: 1, tokens: old }, tokenOf('m-4', at(START + DAY)), START);
    expect(state.tokens.map(({ id }) => id)).toEqual(['m-2', 'm-3', 'm-4']);
    expect(aliveTokens(state, 'ci', START).map(({ id }) => id)).toEqual(['m-3', 'm-4']);
    expect(aliveTokens(state, 'CI', START)).toEqual([]);
  });
});

describe('openTokenStore', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let path = '';

  beforeEach(async () => {
    folder = await makeFolder();
    path = join(folder.path, 'tokens.json');
  });

  afterEach(() => folder.close());

  const write = (...tokens: MachineToken[]): Promise<void> =>
    writeFile(path, JSON.stringify({ version: 1, tokens }));

  it('holds no token where there is no file, and those of the file once there is one', async () => {
    const store = await openTokenStore({ path });
    expect(store.current().all).toEqual([]);
    const { token } = machineToken();
    await write(token);
    expect(await store.reload()).toMatchObject({ ok: true, value: { all: [token] } });
    expect(store.current().all).toEqual([token]);
  });

  it('refuses to start with a damaged file', async () => {
    await writeFile(path, '{');
    expect((await errorOf(openTokenStore({ path }))).code).toBe('STATE_INVALID');
  });

  it('keeps the tokens when the file is damaged, and ends them when it is gone', async () => {
    await write(machineToken().token);
    const store = await openTokenStore({ path });
    await writeFile(path, '{');
    expect(await store.reload()).toMatchObject({ ok: false, error: { code: 'STATE_INVALID' } });
    expect(store.current().all).toHaveLength(1);
    await rm(path);
    expect(await store.reload()).toMatchObject({ ok: true, value: { all: [] } });
    expect(store.current().all).toEqual([]);
  });

  it('ends with the newest file, however often it is asked', async () => {
    const store = await openTokenStore({ path });
    const reloads = [];
    for (const id of ['m-1', 'm-2', 'm-3']) {
      await write(machineToken({ id }).token);
      reloads.push(store.reload(), store.reload());
    }
    await Promise.all(reloads);
    expect(store.current().all.map(({ id }) => id)).toEqual(['m-3']);
  });
});
