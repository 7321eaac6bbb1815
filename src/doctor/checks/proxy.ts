import { isIP } from 'node:net';
import { isInside, parseNetwork, readNetworks } from '../../lib/network.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { fine, skipped, wrong, type Check } from '../check.ts';
import type { ProxySetting } from '../facts/proxies.ts';
import type { Target } from '../target.ts';
import type { Here } from './route.ts';

const PROXY = { id: 'proxy', what: 'proxy' } as const;
const INSECURE = { id: 'insecure', what: 'insecure-registries' } as const;
/** Networks that no proxy outside of them can reach (RFC 6890). */
const PRIVATE = readNetworks([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '198.18.0.0/15',
  'fc00::/7',
  'fe80::/10',
]);
const LOOPBACK = readNetworks(['127.0.0.0/8', '::1']);

/** Whether clients go to the registry itself, or by a proxy that may not reach it: one check for each place that says so. */
export function checkProxies(
  target: Target,
  addresses: readonly string[],
  found: readonly ProxySetting[],
  here: Here,
): readonly Check[] {
  if (found.length === 0) return [fine(PROXY, 'none is set: clients connect directly')];
  return found.map((setting) => checkProxy(target, addresses, setting, here));
}

function checkProxy(target: Target, addresses: readonly string[], setting: ProxySetting, here: Here): Check {
  const { kind, where, proxy, exceptions } = setting;
  const subject = { id: `${PROXY.id}.${kind}`, what: PROXY.what };
  if (kind === 'containers') {
    return skipped(
      subject,
      `${where} sets ${proxy} for what runs in containers and builds, not for push and pull`,
    );
  }
  if (isExcepted(target, exceptions))
    return fine(subject, `${where} sets ${proxy}, and excepts ${target.host}`);
  const isPrivate = addresses.length > 0 && addresses.every((address) => isInside(address, PRIVATE));
  if (!isPrivate) return fine(subject, `${where} sends clients through ${proxy}`);
  return wrong(
    subject,
    `${where} sends clients through ${proxy}, and ${addresses.join(', ')} is in a private network: except ${target.host} from it`,
    exceptionCure(target, setting, here),
  );
}

/** NO_PROXY as Go reads it (golang.org/x/net/http/httpproxy: Config.NoProxy). */
export function isExcepted({ host, port }: Pick<Target, 'host' | 'port'>, exceptions: string): boolean {
  if (host === 'localhost' || isInside(host, LOOPBACK)) return true;
  return exceptions
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => covers(entry, host, port));
}

function covers(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) {
    const block = parseNetwork(entry);
    return block.ok && isInside(host, [block.network]);
  }
  const { name, ownPort = port } = splitEntry(entry);
  return ownPort === port && isNamed(name, host);
}

function isNamed(name: string, host: string): boolean {
  if (isIP(name) !== 0 || isIP(host) !== 0) return name === host;
  if (name.startsWith('*.')) return host.endsWith(name.slice(1));
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

/** `host`, `host:port`, `::1` or `[::1]:port`. */
function splitEntry(entry: string): { readonly name: string; readonly ownPort: number | undefined } {
  const [, bracketed, name = entry, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  return { name: bracketed ?? name, ownPort: digits === undefined ? undefined : Number(digits) };
}

/** The command that adds the host to the exceptions, where they stand. */
function exceptionCure(
  { host }: Target,
  { kind, where, exceptions }: ProxySetting,
  { isRoot }: Here,
): string {
  const all = exceptions === '' ? host : `${exceptions},${host}`;
  const sudo = isRoot ? '' : 'sudo ';
  if (kind === 'environment') return `export NO_PROXY=${shellWord(all)} no_proxy=${shellWord(all)}`;
  if (kind === 'daemon') {
    // What is special in a replacement of sed could end it, and begin a command.
    const text = all.replaceAll(/[\\&|\n]/g, String.raw`\$&`);
    const edit =
      exceptions === ''
        ? `s|"proxies"[[:space:]]*:[[:space:]]*{|&"no-proxy": "${text}", |`
        : `s|"no-proxy"[[:space:]]*:[[:space:]]*"[^"]*"|"no-proxy": "${text}"|`;
    return `${sudo}sed -i ${shellWord(edit)} ${shellWord(where)} && ${sudo}systemctl restart docker`;
  }
  const file = '/etc/systemd/system/docker.service.d/registry-gate-no-proxy.conf';
  // On one line, as a terminal shows it; and what is excepted is no format.
  const lines = ['[Service]', `Environment="NO_PROXY=${all}"`].map(shellWord).join(' ');
  return `${sudo}mkdir -p /etc/systemd/system/docker.service.d && printf ${shellWord(String.raw`%s\n`)} ${lines} | ${sudo}tee ${file} && ${sudo}systemctl daemon-reload && ${sudo}systemctl restart docker`;
}

/** The entry of daemon.json by which Docker verifies nothing, where there is one. */
export interface InsecureEntry {
  readonly path: string;
  readonly entry: string;
}

/** Whether Docker is told to verify nothing. `hasTls`: without TLS there is nothing to verify. */
export function checkInsecure(found: InsecureEntry | undefined, hasTls: boolean, { isRoot }: Here): Check {
  if (found === undefined) return fine(INSECURE, 'Docker verifies this registry');
  const { path, entry } = found;
  const why = `${path} has ${JSON.stringify(entry)}: Docker verifies nothing there`;
  if (!hasTls) return skipped(INSECURE, `${why}, and without TLS there is nothing to verify`);
  const word = entry.replaceAll(/[.[\]*^$\\|]/g, String.raw`\$&`);
  const edits = [`s|,[[:space:]]*"${word}"||`, `s|"${word}"[[:space:]]*,[[:space:]]*||`, `s|"${word}"||`];
  const sudo = isRoot ? '' : 'sudo ';
  return wrong(
    INSECURE,
    `${why}, and whoever is in between can read passwords`,
    `${sudo}sed -z -i ${edits.map((edit) => `-e ${shellWord(edit)}`).join(' ')} ${shellWord(path)} && ${sudo}systemctl reload docker`,
  );
}
