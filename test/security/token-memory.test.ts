import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts';
import { ANONYMOUS } from '../../src/auth/principal.ts';
import { readTokenQuery } from '../../src/auth/tokens/token-form.ts';
import type { KeyRing } from '../../src/auth/tokens/store/key-ring.ts';
import { reportFigures, sized } from '../support/hostile.ts';
import { makeFolder, startIssuing } from '../auth/tokens/support.ts';

const BOUND = 2 * 1024 * 1024;
const REQUESTS = sized(1200, 20_000);

let folder: Awaited<ReturnType<typeof makeFolder>>;
let keys: KeyRing;

beforeEach(async () => {
  folder = await makeFolder();
  keys = (await startIssuing(folder.path)).keys;
});
afterEach(() => folder.close());

/** What `GET /token` asks for with a hundred scopes, each time others, beside an unknown field. */
function scopes(request: number, count: number): string {
  const names = Array.from({ length: count }, (_none, at) => `scope=repository:public/${request}-${at}:pull`);
  return `service=gate.test&client_id=${'x'.repeat(4000)}&${names.join('&')}`;
}

describe('a stranger who asks for tokens', () => {
  it.each([
    ['a hundred scopes each', 100],
    ['one scope each, in a long request', 1],
  ])('fills no more memory than there is for tokens, with %s', async (_name, count) => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const tokens = createAccessTokens({
      keys,
      issuer: 'registry-gate',
      service: 'gate.test',
      principals: { credentialOf: () => 'anonymous', ofClaims: () => undefined },
      now: () => Date.now(),
      cacheBytes: BOUND,
    });
    const ask = async (request: number): Promise<string> => {
      const asked = readTokenQuery(scopes(request, count));
      if (!asked.ok) throw new Error(asked.reason);
      return (await tokens.issue(ANONYMOUS, asked.form.access))?.token ?? '';
    };
    await ask(0);
    collect();
    const before = process.memoryUsage().heapUsed;
    let last = '';
    for (let request = 1; request <= REQUESTS; request += 1) last = await ask(request);
    collect();
    const grown = process.memoryUsage().heapUsed - before;
    reportFigures('tokens of a stranger', {
      requests: REQUESTS,
      scopes: count,
      'heap grown by KiB': grown >> 10,
    });
    expect(grown).toBeLessThan(1.5 * BOUND);
    expect(tokens.remembered(last)?.within?.[0]?.name).toBe(`public/${REQUESTS}-0`);
  });

  it('is refused more than a hundred scopes in one request', () => {
    expect(readTokenQuery(scopes(1, 100)).ok).toBe(true);
    expect(readTokenQuery(scopes(1, 101))).toMatchObject({ ok: false, reason: 'more than 100 scopes' });
  });
});
