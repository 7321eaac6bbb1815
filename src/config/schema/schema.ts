import { z } from 'zod';
import { DEFAULT_CERTS } from '../values/defaults.ts';
import { abuse } from './abuse.ts';
import { auth } from './auth.ts';
import { backendOptions } from './backend.ts';
import {
  bytes,
  countOrAuto,
  integer,
  oneOf,
  onOff,
  optionMeta,
  optionalPath,
  parsedBy,
  path,
  saying,
} from './fields.ts';
import { frontProxies, limits } from './limits.ts';
import {
  parsePlainAddress,
  parseListenAddress,
  renderListenAddress,
  type ListenAddress,
} from '../values/listen-address.ts';
import { audit, metrics, trace } from './observe.ts';

const DAY = 86_400;

function seconds(byDefault: number, description: string) {
  return integer({ from: 1, to: DAY, byDefault }, description);
}

const address = parsedBy(parseListenAddress, 'HOST:PORT, like 0.0.0.0:443');

const plainAddress = parsedBy(parsePlainAddress, 'HOST:PORT, like :80');

/** A port may be written as a number in YAML. */
const addressOrPort = z.preprocess((value) => (typeof value === 'number' ? String(value) : value), address);

const listen = z
  .preprocess(
    (value) => (typeof value === 'string' || typeof value === 'number' ? [value] : value),
    z
      .array(addressOrPort, { error: saying('must be HOST:PORT or a list of them') })
      .min(1, { error: 'must name at least one address' })
      .refine(hasNoDuplicates, { error: 'names the same address twice' }),
  )
  .prefault([':443'])
  .register(optionMeta, {
    kind: 'list',
    flag: '--listen HOST:PORT',
    description:
      'Where to listen, repeatable: HOST:PORT, [IPV6]:PORT, or :PORT for every address of the machine. fd:3 is a socket that the parent process passes on (docs/operations.md).',
  });

const redirectListen = z
  .preprocess((value) => (typeof value === 'number' ? String(value) : value), plainAddress)
  .optional()
  .transform((value) => value)
  .register(optionMeta, {
    kind: 'text',
    flag: '--redirect-listen HOST:PORT',
    fallback: 'off',
    description:
      'A port without TLS, like :80, that redirects to https and serves /ca.crt, /ca.sha256, /ca.crl, /trust.sh and /trust.ps1. It takes no credentials.',
  });

function hasNoDuplicates(addresses: readonly ListenAddress[]): boolean {
  const fixed = addresses.filter(({ port, fd }) => port !== 0 || fd !== undefined).map(renderListenAddress);
  return new Set(fixed).size === fixed.length;
}

const tls = z.strictObject({
  certificate: optionalPath({
    description:
      'A PEM file with a certificate of another CA and its chain, instead of domain.crt in the certs directory.',
  }),
  key: optionalPath({ description: 'The PEM file with the private key of tls.certificate.' }),
  profile: oneOf(['intermediate', 'modern']).default('intermediate').register(optionMeta, {
    kind: 'choice',
    description: "Mozilla's profile: intermediate is TLS 1.2 and 1.3, modern is only TLS 1.3.",
  }),
  hsts: onOff(false, 'Tell browsers to use only https for this host name, on all its ports. Hard to undo.'),
});

const timeouts = z.strictObject({
  headerSeconds: seconds(20, 'How long a client may take to send the head of a request.'),
  handshakeSeconds: seconds(10, 'How long a client may take for the TLS handshake.'),
  keepAliveSeconds: seconds(95, 'How long an idle connection is kept for the next request.'),
  bodyIdleSeconds: seconds(
    60,
    'How long the body of a request may stall. A slow body that makes progress is never cut off.',
  ),
  sendIdleSeconds: seconds(60, 'How long a client may read nothing of a response.'),
  backendSeconds: seconds(900, 'How long the registry may be silent, before and during its response.'),
  connectSeconds: seconds(10, 'How long connecting to the registry may take.'),
  drainSeconds: integer(
    { from: 0, to: DAY, byDefault: 60 },
    'How long running transfers may continue after the gate was told to stop.',
  ),
});

const cache = z.strictObject({
  directory: optionalPath({
    flag: '--cache DIR',
    fallback: 'none: the registry serves every pull',
    description: 'The directory of the layer cache, for a registry that is reached over the network.',
  }),
  size: bytes(
    { from: 2 ** 20, byDefault: '20GiB' },
    'The size of the layer cache. The least recently pulled layers are removed first.',
    '--cache-size SIZE',
  ),
  checkSeconds: integer(
    { from: 0, to: 3600, byDefault: 60 },
    'How long the cache trusts the answer of the registry that a repository holds a layer. 0 asks the registry at every pull.',
  ),
});

/** Every option with its values, default and description. The keys are those of registry-gate.yml. */
export const schema = z.strictObject({
  listen,
  redirectListen,
  ...backendOptions,
  certs: path(DEFAULT_CERTS, {
    flag: '--certs DIR',
    description: 'The certs directory: ca.crt, ca.key, domain.crt, domain.key, htpasswd.',
  }),
  caPassphraseFile: optionalPath({
    flag: '--ca-passphrase-file FILE',
    description: 'A file whose first line is the passphrase of ca.key, if that has one.',
  }),
  users: optionalPath({
    flag: '--users FILE',
    fallback: 'htpasswd in the certs directory',
    description: 'The htpasswd file with the users.',
  }),
  state: optionalPath({
    flag: '--state DIR',
    fallback: 'the certs directory',
    description: 'The state directory, which holds the tokens.',
  }),
  access: optionalPath({
    flag: '--access FILE',
    fallback: 'none: every user may do everything',
    description: 'The access file: who may pull, push and delete what.',
  }),
  pages: oneOf(['on', 'off', 'owner']).default('on').register(optionMeta, {
    kind: 'choice',
    flag: '--pages AUDIENCE',
    description:
      'The web pages, at / of the same port: on for every user, owner for those that the access file names as owners, off for nobody.',
  }),
  pagesFiles: bytes(
    { from: 0, byDefault: '2GiB' },
    'The largest layer, as it is stored, whose files the web pages list. 0: they list none.',
  ),
  tls: tls.prefault({}),
  auth: auth.prefault({}),
  abuse: abuse.prefault({}),
  timeouts: timeouts.prefault({}),
  limits: limits.prefault({}),
  frontProxies: frontProxies.prefault({}),
  cache: cache.prefault({}),
  workers: countOrAuto(
    { to: 256, byDefault: 1 },
    '--workers N',
    'How many processes serve. auto is one per processor. Limits apply to all of them together.',
  ),
  reloadMs: integer(
    { from: 50, to: 60_000, byDefault: 500 },
    'How often certificate and users are checked for changes, in milliseconds.',
  ),
  log: z
    .strictObject({
      level: oneOf(['debug', 'info', 'warn', 'error']).default('info').register(optionMeta, {
        kind: 'choice',
        description:
          'The lowest level that is logged. Entries are written within 50 ms; SIGKILL loses those of the last 50 ms.',
      }),
      format: oneOf(['auto', 'human', 'json']).default('auto').register(optionMeta, {
        kind: 'choice',
        flag: '--log-format FORMAT',
        description:
          'The format of the log: json is one JSON object per request and event, human is a short line per push, pull and refusal. auto is human on a terminal, else json.',
      }),
    })
    .prefault({}),
  metrics: metrics.prefault({}),
  trace: trace.prefault({}),
  audit: audit.prefault({}),
  renew: onOff(true, "Renew a certificate of the gate's own CA when it is due."),
});

type Settings = z.output<typeof schema>;

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** The whole configuration, complete and valid. Times are in the unit of their name, sizes in bytes. */
export type Config = DeepReadonly<Omit<Settings, 'users' | 'state'> & { users: string; state: string }>;
