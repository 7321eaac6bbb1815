import { shellWord } from '../../lib/shell-word.ts';
import { fine, skipped, wrong, type Check } from '../check.ts';
import { commandIn } from './faults.ts';
import type { Here } from './route.ts';

const BACKEND = { id: 'backend', what: 'registry behind it' } as const;
const AROUND = { id: 'around', what: 'way around the gate' } as const;
const DELETES = { id: 'deletes', what: 'removal of images' } as const;
const SECRET = { id: 'http-secret', what: 'HTTP secret' } as const;

/** The registry behind the gate, as the gate reaches it. */
export interface BackendFacts {
  /** The value of `--backend`. */
  readonly text: string;
  /** The port, where it is reached by one. */
  readonly port: number | undefined;
  readonly isEmbedded: boolean;
  readonly fault: { readonly reason: string; readonly cure: string | undefined } | undefined;
  /** Addresses of this machine, other than those for itself, at which the registry answers. Undefined if it is elsewhere. */
  readonly openAt: readonly string[] | undefined;
  /** Undefined if it could not be asked. */
  readonly deletes: boolean | undefined;
  /** Whether the registry on this machine was given a secret. Undefined where its process can't be seen. */
  readonly hasSecret: boolean | undefined;
}

export function checkBackend(facts: BackendFacts, here: Here): readonly Check[] {
  const reached = checkReached(facts);
  if (facts.isEmbedded || reached.verdict === 'wrong') return [reached];
  return [reached, checkAround(facts, here), checkDeletes(facts), checkSecret(facts)];
}

function checkReached({ text, fault }: BackendFacts): Check {
  if (fault === undefined) return fine(BACKEND, `${text} answers`);
  const cure = commandIn(fault.cure) ?? 'registry-gate config check --connect';
  const advice =
    fault.cure === undefined || commandIn(fault.cure) !== undefined ? '' : `. To fix it, ${fault.cure}`;
  return wrong(BACKEND, `${text}: ${fault.reason.replace(/\.$/, '')}${advice}`, cure);
}

function checkAround({ openAt, port }: BackendFacts, { isRoot }: Here): Check {
  if (port === undefined) return fine(AROUND, 'the registry has no port');
  if (openAt === undefined)
    return skipped(AROUND, 'the registry is on another machine: see that only the gate reaches it');
  const [address] = openAt;
  if (address === undefined) return fine(AROUND, `port ${port} is open to this machine alone`);
  const program = address.includes(':') ? 'ip6tables' : 'iptables';
  return wrong(
    AROUND,
    `whoever reaches ${openAt.join(', ')} on port ${port} needs no password and has all rights. Bind the registry to 127.0.0.1 (docker run -p 127.0.0.1:${port}:5000), or close the port`,
    `${isRoot ? '' : 'sudo '}${program} -I INPUT -p tcp --dport ${port} ! -i lo -j DROP`,
  );
}

/** A registry that deletes nothing may be meant so. */
function checkDeletes({ deletes }: BackendFacts): Check {
  if (deletes === undefined) return skipped(DELETES, 'the registry did not say whether it deletes');
  if (deletes) return fine(DELETES, 'the registry deletes');
  return skipped(
    DELETES,
    `the registry deletes nothing, so that images can't be removed. To allow it, start it with ${shellWord('REGISTRY_STORAGE_DELETE_ENABLED=true')}`,
  );
}

/** One registry makes a secret for itself. Uploads then end with it, and several don't know each other's. */
function checkSecret({ hasSecret }: BackendFacts): Check {
  if (hasSecret === undefined)
    return skipped(SECRET, 'the process of the registry is not to be seen from here');
  if (hasSecret) return fine(SECRET, 'the registry was given one');
  return skipped(
    SECRET,
    'the registry was given none and makes one at each start: uploads under way break when it restarts, and always with several registries behind one gate. Set REGISTRY_HTTP_SECRET',
  );
}
