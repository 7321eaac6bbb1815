import { isIP } from 'node:net';
import { fine, wrong, type Check } from '../check.ts';
import type { Target } from '../target.ts';
import type { Here } from './route.ts';

const NAME = { id: 'name', what: 'name' } as const;

/** Whether clients take the name for that of a registry (distribution: reference/normalize.go). */
export function checkName(target: Target, { login }: Here): Check {
  const { typed, registry, endpoint, fault, host } = target;
  if (endpoint === undefined) {
    return wrong(NAME, `${JSON.stringify(typed)} is no host for clients: ${fault}`, otherName(typed));
  }
  if (/^https?:\/\//i.test(typed) || typed.endsWith('/')) {
    return wrong(
      NAME,
      `image names begin with ${registry}, without scheme and path: clients refuse ${typed}`,
      `registry-gate doctor ${registry}`,
    );
  }
  if (host.startsWith('*')) {
    return wrong(
      NAME,
      `${registry} is a wildcard, and clients ask for one host`,
      'registry-gate doctor HOST',
    );
  }
  const hasPort = /:\d+$/.test(typed);
  if (isIP(host) === 0 && !host.includes('.') && host !== 'localhost' && !hasPort) {
    return wrong(
      NAME,
      `clients take ${registry}/IMAGE for an image of Docker Hub, since the host has neither a dot nor a port: write the port, as in ${registry}:443/IMAGE`,
      `${login} ${registry}:443`,
    );
  }
  return fine(NAME, `image names begin with ${registry}/`);
}

/** An underscore is the usual fault, and a hyphen its cure: the server needs a certificate for the new name. */
function otherName(typed: string): string {
  const host = typed.replace(/^[a-z]+:\/\//i, '').replace(/[:/].*$/, '');
  const better = host.toLowerCase().replaceAll('_', '-');
  const isGood = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(better) && better !== host;
  return `registry-gate certs renew --host ${isGood ? better : 'NAME-OR-ADDRESS'}`;
}
