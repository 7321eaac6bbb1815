import type { Client } from './cases.ts';
import { REPOSITORY } from './fixture.ts';
import { pull, push } from './layer-client.ts';
import { AUTHORIZATION, sendMany, shakeHands, type SmallRequest } from './small-client.ts';

/** Some fixed work, of which the instructions are counted. */
export interface BudgetCase {
  readonly name: string;
  readonly title: string;
  /** Units of work that one count is of. */
  readonly units: number;
  /** Units that are done before anything is counted. */
  readonly warmUp: number;
  work(client: Client, port: number, units: number): Promise<void>;
}

/** MiB of a layer. */
const LAYER = 16;

export const BUDGET_CASES: readonly BudgetCase[] = [
  small('get', 'GET /v2/', { target: '/v2/', authorization: AUTHORIZATION }),
  small('manifest', 'GET of a manifest', {
    target: `/v2/${REPOSITORY}/manifests/latest`,
    authorization: AUTHORIZATION,
  }),
  {
    ...small('head', 'HEAD of a blob', { target: '' }),
    work: async ({ fixture, ca }, port, count) => {
      const target = `/v2/${REPOSITORY}/blobs/${(await fixture.blob(LAYER)).digest}`;
      const request = { method: 'HEAD', target, authorization: AUTHORIZATION, status: 200 } as const;
      await sendMany({ port, ca }, request, { count, clients: 1 });
    },
  },
  small('stranger', '401 for a stranger', { target: '/v2/', status: 401 }),
  {
    name: 'handshake',
    title: 'full TLS handshake',
    units: 20,
    warmUp: 20,
    work: ({ ca }, port, count) => shakeHands({ port, ca }, count, 1),
  },
  layer('pull', pull, { size: LAYER, units: 1 }),
  // One push in four takes 3 % less, by how its pieces arrive: the mean of some is steady.
  layer('push', push, { size: LAYER / 4, units: 4 }),
];

function small(name: string, title: string, asked: Partial<SmallRequest> & { target: string }): BudgetCase {
  const request: SmallRequest = { method: 'GET', status: 200, ...asked };
  return {
    name,
    title,
    units: 100,
    warmUp: 200,
    work: ({ ca }, port, count) => sendMany({ port, ca }, request, { count, clients: 1 }),
  };
}

function layer(
  name: string,
  carry: typeof pull,
  { size, units }: { readonly size: number; readonly units: number },
): BudgetCase {
  return {
    name,
    title: `${name} of ${size} MiB`,
    units,
    warmUp: 2 * units,
    work: async ({ fixture }, port, times) =>
      carry(fixture, port, { blob: await fixture.blob(size), clients: 1, times }),
  };
}
