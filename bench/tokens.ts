import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAccessTokens } from '../src/auth/tokens/access-tokens.ts';
import { createPrincipals } from '../src/auth/tokens/principals.ts';
import { openKeyRing } from '../src/auth/tokens/store/key-ring.ts';
import { createMachineTokens } from '../src/auth/tokens/store/token-store.ts';
import { makeSecret } from '../src/auth/tokens/store/secret-text.ts';
import { parseScopes } from '../src/oci/request/scope.ts';

/** What a token costs, in microseconds of CPU: node bench/tokens.ts */
const folder = await mkdtemp(join(tmpdir(), 'gate-bench-'));
const keys = await openKeyRing({ path: join(folder, 'token-keys.json'), now: Date.now });
const options = {
  keys,
  issuer: 'registry-gate',
  service: 'bench',
  principals: createPrincipals({
    directory: {
      credentialVersion: () => '$2y$10$abcdefghijklmnopqrstuuVbcdefghijklmnopqrstuuVbcdefghijk',
      groups: () => [],
    },
    tokens: { current: () => createMachineTokens([]) },
    identities: undefined,
    anonymous: () => false,
    now: Date.now,
  }),
  now: Date.now,
};
const tokens = createAccessTokens(options);
/** Has given out none of the tokens that it verifies. */
const reader = createAccessTokens(options);
const alice = options.principals.user('alice');
const access = parseScopes(['repository:team/app:pull,push']);

async function issue(): Promise<string> {
  const issued = await tokens.issue(alice, access);
  if (issued === undefined) throw new Error('no token');
  return issued.token;
}

const fresh = await Promise.all(Array.from({ length: 2500 }, issue));
const token = await issue();
const machine = makeSecret('machine');
const machines = createMachineTokens([
  {
    id: 'm-1',
    name: 'ci',
    hash: machine.hash,
    scope: null,
    networks: ['10.0.0.0/8'],
    created: new Date().toISOString(),
    expires: null,
  },
]);
const sent = { user: 'ci', password: machine.secret, address: '10.1.2.3' };

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const claims = Buffer.from(token);
await measure('for comparison: one bare signature', 2000, () => sign('sha256', claims, privateKey));
await measure('issue an access token (at most 100)', 2000, issue);
await measure('verify one of another gate, once', 2000, (at) => reader.verify(fresh[at] ?? ''));
await measure('check one that is remembered (at most 30)', 100_000, () => tokens.remembered(token));
await measure('check a machine token (at most 30)', 50_000, () => machines.authenticate(sent, Date.now()));
await rm(folder, { recursive: true });

async function measure(name: string, times: number, work: (at: number) => unknown): Promise<void> {
  for (let at = 0; at < 500; at += 1) await work(times + at);
  const before = process.cpuUsage();
  for (let at = 0; at < times; at += 1) await work(at);
  const { user, system } = process.cpuUsage(before);
  console.log(`${((user + system) / times).toFixed(1).padStart(8)} µs  ${name}`);
}
