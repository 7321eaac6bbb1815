import { describe, expect, it } from 'vitest';
import { parseListenAddress } from '../../../src/config/values/listen-address.ts';
import { listenPlaces } from '../../../src/http/listener/listen.ts';

/** As they are written with --listen; `only` stands for a socket that takes no IPv4. */
function places(...texts: readonly string[]): string[] {
  const addresses = texts.map(parseListenAddress).map((parsed) => {
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.value;
  });
  return listenPlaces(addresses).map(({ host = '', port, fd, ipv6Only }) =>
    fd === undefined ? `${host} ${port}${ipv6Only === true ? ' only' : ''}` : `fd ${fd}`,
  );
}

describe('M-D13: the sockets for some addresses', () => {
  it.each<readonly [string, readonly string[], readonly string[]]>([
    ['one', [':443'], [' 443']],
    ['both wildcards, as nginx has them', ['0.0.0.0:8443', '[::]:8443'], ['0.0.0.0 8443', ':: 8443 only']],
    ['the other way round', ['[::]:8443', '0.0.0.0:8443'], [':: 8443 only', '0.0.0.0 8443']],
    ['the wildcard of IPv6 alone takes IPv4 too', ['[::]:8443'], [':: 8443']],
    ['and beside an address of IPv4 it takes none', ['[::]:1', '127.0.0.1:1'], [':: 1 only', '127.0.0.1 1']],
    ['other ports', ['0.0.0.0:1', '[::]:2'], ['0.0.0.0 1', ':: 2']],
    ['ports that the system chooses', ['0.0.0.0:0', '[::]:0', ':0'], ['0.0.0.0 0', ':: 0', ' 0']],
    ['what all addresses hold', [':443', '127.0.0.1:443', '[::]:443', 'localhost:443'], [' 443']],
    ['what a wildcard holds', ['0.0.0.0:443', '127.0.0.1:443', '[::1]:443'], ['0.0.0.0 443', '::1 443']],
    ['what the one of IPv6 holds', ['[::]:443', '[::1]:443'], [':: 443']],
    ['descriptors', ['fd:3', 'fd:4', ':443'], ['fd 3', 'fd 4', ' 443']],
  ])('%s', (_name, texts, expected) => {
    expect(places(...texts)).toEqual(expected);
  });
});
