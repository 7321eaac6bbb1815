import type { Problem } from './problem.ts';
import type { Given } from './source.ts';

type All = ReadonlyMap<string, Given>;

/** Options that must be given together. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['tls.certificate', 'tls.key'],
  ['backendUser', 'backendPassword'],
];

/** Options that have no effect on the embedded registry, and why. */
const NETWORK_ONLY: Readonly<Record<string, string>> = {
  'cache.directory': 'the embedded registry reads from the disk itself',
  backendUser: 'the embedded registry has no sign-in of its own',
  backendPassword: 'the embedded registry has no sign-in of its own',
  backendHost: 'the embedded registry is not reached over the network',
};

/** Finds options that contradict each other. Works on the values as given, so that it reports them together with other problems. */
export function contradictions(given: All): Problem[] {
  const url = given.get('backend')?.value ?? '';
  const isEmbedded = typeof url === 'string' && /^embedded:/i.test(url);
  const isPlain = typeof url === 'string' && !/^https:/i.test(url);
  const found = [
    ...PAIRS.flatMap(([one, other]) => [lonely(one, other, given), lonely(other, one, given)]),
    isPlain
      ? withoutEffect('backendCa', 'only an https backend has a certificate to verify', given)
      : undefined,
    ...Object.entries(NETWORK_ONLY).map(([path, why]) =>
      isEmbedded ? withoutEffect(path, why, given) : undefined,
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

function withoutEffect(path: string, why: string, given: All): Problem | undefined {
  const said = given.get(path);
  return said === undefined ? undefined : { path, reason: `has no effect: ${why}`, where: said.where };
}

function twoSignIns(given: All): Problem | undefined {
  const tokens = given.get('auth.backendTokens');
  if (!given.has('backendUser') || tokens?.value !== true) return undefined;
  const reason = 'contradicts backendUser: the gate sends the registry a token or a password, not both';
  return { path: 'auth.backendTokens', reason, where: tokens.where };
}
