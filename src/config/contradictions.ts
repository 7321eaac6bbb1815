import type { Problem } from './problem.ts';
import type { Given } from './source.ts';

type All = ReadonlyMap<string, Given>;

/** Options that are given together or not at all. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['tls.certificate', 'tls.key'],
  ['backendUser', 'backendPassword'],
];

/** Options of a registry behind the network, and why they are of no use to the embedded one. */
const NETWORK_ONLY: Readonly<Record<string, string>> = {
  'cache.directory': 'the embedded registry reads from the disk itself',
  backendUser: 'the embedded registry has no sign-in of its own',
  backendPassword: 'the embedded registry has no sign-in of its own',
  backendHost: 'the embedded registry is not reached through the network',
};

/** What no option can see alone. Judged on what was said, so that it is reported beside other mistakes. */
export function contradictions(given: All): Problem[] {
  const url = given.get('backend')?.value ?? '';
  const isEmbedded = typeof url === 'string' && /^embedded:/i.test(url);
  const isPlain = typeof url === 'string' && !/^https:/i.test(url);
  const found = [
    ...PAIRS.flatMap(([one, other]) => [lonely(one, other, given), lonely(other, one, given)]),
    isPlain ? ofNoUse('backendCa', 'only an https backend has a certificate to verify', given) : undefined,
    ...Object.entries(NETWORK_ONLY).map(([path, why]) =>
      isEmbedded ? ofNoUse(path, why, given) : undefined,
    ),
    twoSignIns(given),
  ];
  return found.filter((problem) => problem !== undefined);
}

function lonely(one: string, other: string, given: All): Problem | undefined {
  const here = given.get(one);
  if (here === undefined || given.has(other)) return undefined;
  return { path: other, reason: `is missing, since ${one} is set`, where: here.where };
}

function ofNoUse(path: string, why: string, given: All): Problem | undefined {
  const said = given.get(path);
  return said === undefined ? undefined : { path, reason: `is of no use: ${why}`, where: said.where };
}

function twoSignIns(given: All): Problem | undefined {
  const tokens = given.get('auth.backendTokens');
  if (!given.has('backendUser') || tokens?.value !== true) return undefined;
  const reason = 'contradicts backendUser: the registry is shown a token or a password, not both';
  return { path: 'auth.backendTokens', reason, where: tokens.where };
}
